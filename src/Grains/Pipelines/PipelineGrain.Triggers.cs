namespace Control.Grains.Pipelines;

internal sealed partial class PipelineGrain
{
    public async Task<ImmutableArray<TriggerSpec>> GetTriggers() =>
        Live is { HasTriggers: true } document ? (await Spec(document.DefinitionVersion)).Triggers : [];

    // Armed before the commit, so that they are found whatever dies behind it. It never waits for a turn of this grain's, or the
    // two might wait for each other.
    private async Task WithTriggers(bool next, Func<Task> commit)
    {
        if (!next && Live is not { HasTriggers: true })
        {
            await commit();
            return;
        }

        var triggers = GrainFactory.GetGrain<ITriggerGrain>(Id.ToString());
        await triggers.Arm();
        await commit();
        await triggers.Wake();
    }
}
