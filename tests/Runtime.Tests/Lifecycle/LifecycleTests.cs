using Control.Runtime.Tests.Grains;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Lifecycle;

public sealed class LifecycleTests : RuntimeTest
{
    [Fact]
    public async Task Call_First_ActivatesOnce()
    {
        var grain = Grain<ILifecycleGrain>();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => grain.Ping())).WaitAsync(Limit);
        Assert.Equal(51, await grain.Ping());
        Assert.Equal(["one activates"], Gates.Log);
    }

    [Fact]
    public async Task Call_ActivationFails_CallerGetsFaultAndNextCallTriesAgain()
    {
        var grain = Grain<ILifecycleGrain>("fail");
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => grain.Ping().WaitAsync(Limit));
        Assert.Equal("The activation fails.", fault.Message);
        Assert.Equal(1, await grain.Ping().WaitAsync(Limit));
    }

    [Fact]
    public async Task Call_ConstructorFails_CallerGetsFault()
    {
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => Grain<ILifecycleGrain>("bad-constructor").Ping().WaitAsync(Limit));
        Assert.Contains("The constructor fails.", fault.ToString());
    }

    [Fact]
    public async Task Call_DuringActivation_WaitsForIt()
    {
        var grain = Grain<ILifecycleGrain>("slow");
        var first = grain.Ping();
        await Gates.ReachedAsync("slow activation");
        var second = grain.Ping();
        Assert.False(first.IsCompleted || second.IsCompleted);
        Gates.Open("slow activation");
        var answers = await Task.WhenAll(first, second).WaitAsync(Limit);
        Assert.Equal([1, 2], answers);
    }

    [Fact]
    public async Task DeactivateOnIdle_WhileARequestRuns_WaitsForItAndGivesTheReason()
    {
        var grain = Grain<IScriptedGrain>();
        var before = await grain.Incarnation();
        await grain.End();
        Assert.NotEqual(before, await grain.Incarnation().WaitAsync(Limit));
        await Grain<ILifecycleGrain>().End();
        await Grain<ILifecycleGrain>().Ping();
        Assert.Contains("one deactivates: ApplicationRequested", Gates.Log);
        Assert.Contains("one disposed", Gates.Log);
    }

    [Fact]
    public async Task Call_DuringDeactivation_GoesToAFreshActivationAndIsNotLost()
    {
        var grain = Grain<ILifecycleGrain>("stay");
        Assert.Equal(1, await grain.Ping());
        await grain.End();
        await Gates.ReachedAsync("stay deactivation");
        var calls = Enumerable.Range(0, 10).Select(_ => grain.Ping()).ToArray();
        Gates.Open("stay deactivation");
        Assert.Equal(Enumerable.Range(1, 10), await Task.WhenAll(calls).WaitAsync(Limit));
        Assert.Equal(["stay activates", "stay deactivates: ApplicationRequested", "stay disposed", "stay activates"], Gates.Log);
    }

    [Fact]
    public async Task Call_WaitingWhenTheGrainEnds_GoesToAFreshActivation()
    {
        var grain = Grain<IScriptedGrain>();
        var before = await grain.Incarnation();
        var step = grain.Step("step");
        await Gates.ReachedAsync("step");
        var end = grain.End();
        var after = grain.Incarnation();
        Gates.Open("step");
        await Task.WhenAll(step, end).WaitAsync(Limit);
        Assert.NotEqual(before, await after.WaitAsync(Limit));
    }

    [Fact]
    public async Task Call_PressureOfEndsAndCalls_LosesNone()
    {
        var callers = Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                var grain = Grain<IScriptedGrain>($"{i % 3}");
                if ((i + caller) % 5 == 0) await grain.End();
                await grain.Incarnation();
            }
        }));
        await Task.WhenAll(callers).WaitAsync(Limit * 3);
    }

    [Fact]
    public async Task Stop_RequestRuns_FinishesItThenDeactivatesAll()
    {
        var step = Grain<ILifecycleGrain>("busy").Step("work");
        await Grain<ILifecycleGrain>("idle").Ping();
        await Gates.ReachedAsync("work");
        var stop = Silo.StopAsync();
        Gates.Open("work");
        await stop.WaitAsync(Limit);
        await step.WaitAsync(Limit);
        Assert.Contains("busy deactivates: ShuttingDown", Gates.Log);
        Assert.Contains("idle deactivates: ShuttingDown", Gates.Log);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Grain<ILifecycleGrain>("idle").Ping());
    }

    [Fact]
    public async Task Stop_GrainStuck_EndsWithTheLimitAndFailsPendingCalls()
    {
        var step = Grain<ILifecycleGrain>("busy").Step("never");
        await Gates.ReachedAsync("never");
        await Silo.StopAsync(new CancellationToken(canceled: true)).WaitAsync(Limit).ContinueWith(_ => { }, TaskScheduler.Default);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => step.WaitAsync(Limit));
    }

    [Fact]
    public async Task Activation_OfGrainsThatCallEachOtherMeanwhile_NeverBlocksThem()
    {
        for (var i = 0; i < 300; i++)
        {
            var meetings = new[] { $"+{i}", $"-{i}" }.Select(key => Task.Run(() => Grain<IPairGrain>(key).Meet()));
            await Task.WhenAll(meetings).WaitAsync(Limit);
        }
    }
}
