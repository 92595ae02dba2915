using Control.Contracts.Pipelines;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Pipelines;

/// <summary>Reads the stored definitions of a pipeline.</summary>
internal sealed class Definitions(SubjectQueries subjects)
{
    private const string Kind = "definition";

    /// <summary>The definition with that number, 0 for the current one; null when it or the pipeline is missing.</summary>
    public async Task<PipelineDefinition?> FindAsync(PipelineId id, long number, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, id.ToString(), cancellationToken) is not { } pipeline)
        {
            return null;
        }

        // The key is the number, padded by its writer; the list is the one place that knows how, and it is in order.
        var wanted = number == 0 ? pipeline.View.DefinitionVersion : number;
        var head = await subjects.GetChildAsync(Subject(id), Key(wanted), cancellationToken);
        return head?.Document is { } document ? ContractJson.Read<PipelineDefinition>(document) : null;
    }

    /// <summary>A page of the definitions; null when the pipeline is missing.</summary>
    public async Task<Ok<Listing<DefinitionVersion>>?> ListAsync(PipelineId id, ListQuery query, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, id.ToString(), cancellationToken) is null)
        {
            return null;
        }

        return (await subjects.ListChildrenAsync(Subject(id), Kind, query.Cursor, query.Size, newestFirst: true, cancellationToken)).Show<DefinitionVersion>();
    }

    private static string Key(long number) => number.ToString("D10", CultureInfo.InvariantCulture);

    private static SubjectKey Subject(PipelineId id) => new(SubjectKinds.Pipeline, id.ToString());
}
