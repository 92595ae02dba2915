using Control.Api.Pipelines;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Triggers;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Triggers;

/// <summary>Routes of a pipeline's triggers, which its definition makes.</summary>
internal static class TriggerRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var all = api.MapGroup("/workspaces/{ws}/pipelines/{p}/triggers").WithTags("Triggers");
        all.MapGet("", Get).RequireAuthorization(Policies.Read).Describe("getTriggers", "Shows when a pipeline's triggers come next, and what their last runs were");
        var pause = all.MapGroup("/{trigger}/pause").RequireAuthorization(Policies.Write);
        pause.MapPut("", Pause).Takes<HoldRequest>().Describe("pauseTrigger", "Starts no runs by a trigger until it is resumed");
        pause.MapDelete("", Resume).Describe("resumeTrigger", "Starts runs by a trigger again, from its next time on");
    }

    private static async Task<Results<Versioned<TriggersView>, ProblemResult>> Get(
        [AsParameters] PipelineRoute route, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, route.Key, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));
        }

        var view = (await subjects.GetAsync<TriggersView>(SubjectKinds.Trigger, route.Key, cancellationToken))?.View ?? new TriggersView(route.Id, [], 0);
        return new Versioned<TriggersView>(view, view.Version);
    }

    private static Task<Results<Versioned<TriggersView>, ProblemResult>> Pause(
        [AsParameters] PipelineRoute route, string trigger, Body<HoldRequest> body, Caller caller, IGrainFactory grains) =>
        Set(route, trigger, new SetHold(true, body.Value.Reason ?? "", caller.Actor), grains);

    private static Task<Results<Versioned<TriggersView>, ProblemResult>> Resume(
        [AsParameters] PipelineRoute route, string trigger, Caller caller, IGrainFactory grains) =>
        Set(route, trigger, new SetHold(false, "", caller.Actor), grains);

    private static async Task<Results<Versioned<TriggersView>, ProblemResult>> Set(PipelineRoute route, string trigger, SetHold hold, IGrainFactory grains) =>
        (await grains.GetGrain<ITriggerGrain>(route.Key).Pause(new PauseTrigger(trigger, hold))).To(view => new Versioned<TriggersView>(view, view.Version));
}
