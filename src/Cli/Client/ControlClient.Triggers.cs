using Control.Contracts.Pipelines;
using Control.Contracts.Triggers;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>The triggers of a pipeline.</summary>
    public Task<Answer<TriggersView>> GetTriggersAsync(PipelineId id, CancellationToken cancellationToken) =>
        AskAsync<TriggersView>(new ApiRequest(HttpMethod.Get, $"{PipelinePath(id)}/triggers"), cancellationToken);

    /// <summary>Starts no runs by a trigger until it is resumed.</summary>
    public Task<Answer<TriggersView>> PauseTriggerAsync(PipelineId id, string trigger, string reason, CancellationToken cancellationToken) =>
        AskAsync<TriggersView>(new ApiRequest(HttpMethod.Put, PausePath(id, trigger), RequestBody.Json(new { reason })), cancellationToken);

    /// <summary>Starts runs by a trigger again, from its next time on.</summary>
    public Task<Answer<TriggersView>> ResumeTriggerAsync(PipelineId id, string trigger, CancellationToken cancellationToken) =>
        AskAsync<TriggersView>(new ApiRequest(HttpMethod.Delete, PausePath(id, trigger)), cancellationToken);

    private static string PausePath(PipelineId id, string trigger) => $"{PipelinePath(id)}/triggers/{Escape(trigger)}/pause";
}
