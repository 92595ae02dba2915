using Control.Engine.Runs;
using Control.Grains.Durable;

namespace Control.Grains.Runs;

/// <summary>
/// Carries out what a committed change asks for. Nothing here need be waited for: each effect is a hint or idempotent, and what
/// gets lost is found again (pools reconcile, runs look again, agents say what they hold).
/// </summary>
internal sealed class RunEffects(SourceResolver resolver, RunTelemetry telemetry)
{
    /// <summary>Done once the groups have been told what the run claims, or could not be.</summary>
    public Task Carry(IGrainFactory grains, RunModel model, ImmutableArray<RunEffect> effects)
    {
        foreach (var pool in effects.OfType<RunEffect.Enqueue>().GroupBy(effect => effect.Pool))
        {
            grains.GetGrain<IPoolGrain>(pool.Key.Value).Enqueue([.. pool.Select(effect => effect.Attempt)]).Forget();
        }

        foreach (var effect in effects)
        {
            Carry(grains, model, effect);
        }

        var claimed = Task.WhenAll(effects.OfType<RunEffect.Claim>().Select(claim => grains.GetGrain<IGroupGrain>(claim.Group.ToString()).Claim(claim.Request)));
        claimed.Forget();
        return claimed;
    }

    private void Carry(IGrainFactory grains, RunModel model, RunEffect effect)
    {
        switch (effect)
        {
            case RunEffect.Stop stop:
                grains.GetGrain<IAgentGrain>(stop.Agent.Value).Stop(stop.Lease).Forget();
                break;
            case RunEffect.Release release:
                grains.GetGrain<IAgentGrain>(release.Agent.Value).Release(release.Lease).Forget();
                break;
            case RunEffect.Unclaim unclaim:
                grains.GetGrain<IGroupGrain>(unclaim.Group.ToString()).Release(unclaim.Place).Forget();
                break;
            case RunEffect.ResolveSource resolve:
                resolver.Resolve(model.Id, resolve.Source, resolve.Ref);
                break;
            case RunEffect.Finished:
                telemetry.Finished(model);
                Look(grains, model.Id);
                break;
            case RunEffect.Unkept:
                Look(grains, model.Id);
                break;
        }
    }

    private static void Look(IGrainFactory grains, RunId run) =>
        grains.GetGrain<IRetentionGrain>(run.Pipeline.ToString()).RunChanged(run.Number).Forget();
}
