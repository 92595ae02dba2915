using Control.Api.Events;
using Control.Contracts.Pipelines;
using Control.Storage;
using Control.Storage.Queries.Events;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Retention;

/// <summary>What retention did for a pipeline: an event for all runs that were deleted together.</summary>
internal sealed class RetentionTimeline(EventReader events, SubjectQueries subjects, ControlStore store)
{
    private const int PageSize = 200;

    /// <summary>Whether there is such a pipeline.</summary>
    public async Task<bool> ExistsAsync(PipelineId pipeline, CancellationToken cancellationToken) =>
        await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, pipeline.ToString(), cancellationToken) is not null;

    /// <summary>Events after a sequence number.</summary>
    /// <exception cref="ControlException"><c>store-restored</c>: there is no such number.</exception>
    public async Task<EventList> ReadAsync(PipelineId pipeline, long after, int limit, CancellationToken cancellationToken)
    {
        var page = await events.ReadAsync(Subject(pipeline), after, limit, cancellationToken);
        StreamPlace.RefuseBeyond(after, page.Newest);
        return EventList.Of(page, after, store.Incarnation);
    }

    /// <summary>The stream of events after a sequence number, until the pipeline is deleted.</summary>
    /// <exception cref="ControlException"><c>store-restored</c>: there is no such number.</exception>
    public async Task<IResult> StreamAsync(PipelineId pipeline, long after, Caller caller, CancellationToken cancellationToken)
    {
        await ReadAsync(pipeline, after, 1, cancellationToken);
        ImmutableArray<SubjectKey> news = [Subject(pipeline), new SubjectKey(SubjectKinds.Pipeline, pipeline.ToString())];
        return new StreamResult(caller, news, async (stream, ended) =>
        {
            while (await ReadAsync(pipeline, after, PageSize, ended) is { Items.IsEmpty: false } page)
            {
                foreach (var item in page.Items)
                {
                    await stream.SendAsync(item.Type, item.Sequence, item, ended);
                    after = item.Sequence;
                }
            }

            return !await ExistsAsync(pipeline, ended);
        });
    }

    private static SubjectKey Subject(PipelineId pipeline) => new(SubjectKinds.Retention, pipeline.ToString());
}
