using Control.Runtime.Hosting;
using Control.Runtime.Tests.Grains;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Calls;

public sealed class OverloadTests : RuntimeTest
{
    protected override void Configure(GrainRuntimeOptions options)
    {
        options.MaxQueuedRequests = 10;
        options.MaxPendingCalls = 15;
    }

    [Fact]
    public async Task Call_TooManyWaitAtTheGrain_IsRefused()
    {
        var step = Grain<IScriptedGrain>().Step("step");
        await Gates.ReachedAsync("step");
        var calls = Enumerable.Range(0, 12).Select(i => Grain<IScriptedGrain>().Note($"{i}").AsTask()).ToArray();
        Gates.Open("step");
        await step.WaitAsync(Limit);
        await Task.WhenAll(calls).WaitAsync(Limit).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.All(calls.Take(10), call => Assert.True(call.IsCompletedSuccessfully));
        Assert.All(calls.Skip(10), call => Assert.IsType<LimitExceededException>(call.Exception!.InnerException));
        await Grain<IScriptedGrain>().Note("taken again");
    }

    [Fact]
    public async Task Call_TooManyPendingInTheSilo_IsRefusedUntilTheyAreAnswered()
    {
        var steps = Enumerable.Range(0, 16).Select(i => Grain<IScriptedGrain>($"{i}").Step("step")).ToArray();
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<LimitExceededException>(() => Grain<IScriptedGrain>("more").Incarnation());
        Gates.Open("step");
        await Task.WhenAll(steps).WaitAsync(Limit);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Grain<IScriptedGrain>("more").Incarnation();
    }
}
