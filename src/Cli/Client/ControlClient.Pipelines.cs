using System.Collections.Immutable;
using Control.Contracts;
using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Pipelines;

namespace Control.Cli.Client;

/// <summary>A stored definition as listed: without its text.</summary>
/// <param name="Number">From 1.</param>
/// <param name="At">When it was put.</param>
/// <param name="By">Who put it.</param>
public sealed record DefinitionInfo(long Number, DateTimeOffset At, Actor By);

public sealed partial class ControlClient
{
    /// <summary>The pipelines of a workspace.</summary>
    public Task<Answer<ItemPage<PipelineView>>> ListPipelinesAsync(string workspace, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<PipelineView>($"{WorkspacePath(workspace)}/pipelines", page, cancellationToken);

    /// <summary>One pipeline.</summary>
    public Task<Answer<PipelineView>> GetPipelineAsync(PipelineId id, CancellationToken cancellationToken) =>
        GetAsync<PipelineView>(PipelinePath(id), cancellationToken);

    /// <summary>Makes a pipeline or gives it a new definition.</summary>
    /// <param name="id">The pipeline.</param>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="version">Only when the pipeline is still at this version; null regardless.</param>
    /// <param name="createOnly">Only when there is no such pipeline.</param>
    /// <param name="cancellationToken">Gives up waiting; the change may still happen.</param>
    public Task<Answer<PipelineView>> PutPipelineAsync(
        PipelineId id, string text, long? version, bool createOnly, CancellationToken cancellationToken) =>
        AskAsync<PipelineView>(
            new ApiRequest(HttpMethod.Put, PipelinePath(id), RequestBody.Yaml(text), createOnly ? "*" : Tag(version)), cancellationToken);

    /// <summary>Deletes a pipeline; refused while a run of it is not finished.</summary>
    public Task DeletePipelineAsync(PipelineId id, CancellationToken cancellationToken) =>
        DeleteAsync(PipelinePath(id), null, cancellationToken);

    /// <summary>A definition as submitted.</summary>
    /// <param name="id">The pipeline.</param>
    /// <param name="version">Number of the definition; null for the current one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<string> GetDefinitionAsync(PipelineId id, long? version, CancellationToken cancellationToken) =>
        AskTextAsync(
            new ApiRequest(HttpMethod.Get, Query(
                $"{PipelinePath(id)}/definition", ("version", version?.ToString(CultureInfo.InvariantCulture)))),
            cancellationToken);

    /// <summary>The stored definitions of a pipeline.</summary>
    public Task<Answer<ItemPage<DefinitionInfo>>> ListVersionsAsync(PipelineId id, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<DefinitionInfo>($"{PipelinePath(id)}/versions", page, cancellationToken);

    /// <summary>Checks a definition without storing it.</summary>
    /// <returns>Everything wrong with it; empty when nothing is.</returns>
    public async Task<ImmutableArray<FieldError>> LintAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            var json = await AskTextAsync(
                new ApiRequest(HttpMethod.Post, "/pipelines/lint", RequestBody.Yaml(text)), cancellationToken);
            var report = json.Length == 0 ? null : ContractJson.Read<LintReport>(json);
            return report is null || report.Errors.IsDefault ? [] : report.Errors;
        }
        catch (ProblemException e) when (e.Problem.Errors.Length > 0)
        {
            return e.Problem.Errors;
        }
    }

    /// <summary>The JSON Schema of pipeline definitions.</summary>
    public Task<string> GetPipelineSchemaAsync(CancellationToken cancellationToken) =>
        AskTextAsync(new ApiRequest(HttpMethod.Get, "/schemas/pipeline"), cancellationToken);

    private static string PipelinePath(PipelineId id) => $"{WorkspacePath(id.Workspace)}/pipelines/{Escape(id.Name)}";

    private sealed record LintReport(ImmutableArray<FieldError> Errors);
}
