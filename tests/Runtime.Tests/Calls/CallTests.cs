using System.Diagnostics;
using Control.Contracts.Errors;
using Control.Runtime.Tests.Grains;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Calls;

public sealed class CallTests : RuntimeTest
{
    [Fact]
    public async Task Call_Overloads_ReachTheirOwnMethods()
    {
        var grain = Grain<ICallGrain>();
        Assert.Equal(42, await grain.Double(21));
        Assert.Equal("abab", await grain.Double("ab"));
    }

    [Fact]
    public async Task Call_NoAnswerInTime_TimesOutAndTheCalleeGoesOn()
    {
        var call = Grain<ICallGrain>().WaitBriefly("gate");
        await Gates.ReachedAsync("gate");
        Clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(call.IsCompleted);
        Clock.Advance(TimeSpan.FromSeconds(0.4));
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(Limit));
        var after = Grain<ICallGrain>().Double(1).AsTask();
        Assert.Empty(Gates.Log);
        Gates.Open("gate");
        await after.WaitAsync(Limit);
        Assert.Equal(["gate done"], Gates.Log);
    }

    [Fact]
    public async Task Call_DefaultTimeout_Is30Seconds()
    {
        var call = Grain<ICallGrain>().Wait("gate");
        await Gates.ReachedAsync("gate");
        Clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(call.IsCompleted);
        Clock.Advance(TimeSpan.FromSeconds(0.4));
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(Limit));
        Gates.Open("gate");
    }

    [Fact]
    public async Task Cancel_RunningCall_ReachesTheCalleeInATurnAndDoesNotStopIt()
    {
        using var source = new CancellationTokenSource();
        var call = Grain<ICallGrain>().WaitFor("gate", source.Token);
        await Gates.ReachedAsync("gate");
        await source.CancelAsync();
        var fault = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Limit));
        Assert.Equal(source.Token, fault.CancellationToken);
        await Gates.ReachedAsync("gate cancelled");
        Assert.Equal(["in a turn"], Gates.Log);
        Gates.Open("gate cancelled");
    }

    [Fact]
    public async Task Cancel_BeforeTheCall_NeverSendsIt()
    {
        var call = Grain<ICallGrain>().WaitFor("gate", new CancellationToken(canceled: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(2, await Grain<ICallGrain>().Double(1));
        Assert.Empty(Gates.Log);
    }

    [Fact]
    public async Task Timeout_OfACallWithAToken_CancelsTheCallee()
    {
        using var source = new CancellationTokenSource();
        var call = Grain<ICallGrain>().WaitFor("gate", source.Token);
        await Gates.ReachedAsync("gate");
        Clock.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(Limit));
        await Gates.ReachedAsync("gate cancelled");
        Gates.Open("gate cancelled");
    }

    [Fact]
    public async Task Argument_ChangedAfterTheCall_IsNotSeen()
    {
        var grain = Grain<ICallGrain>();
        var basket = new Basket { Items = ["apple"], Seal = [1] };
        var keep = grain.Keep(basket);
        basket.Items.Add("worm");
        basket.Seal[0] = 9;
        await keep;
        var kept = await grain.Kept();
        Assert.Equal(["apple"], kept.Items);
        Assert.Equal([1], kept.Seal);
    }

    [Fact]
    public async Task Result_Changed_DoesNotChangeTheGrain()
    {
        var grain = Grain<ICallGrain>();
        (await grain.Kept()).Items.Add("worm");
        Assert.Empty((await grain.Kept()).Items);
    }

    [Fact]
    public async Task Argument_MarkedImmutable_IsShared()
    {
        var basket = new Basket();
        await Grain<ICallGrain>().KeepShared(basket);
        Assert.True(await Grain<ICallGrain>().IsKept(basket));
        await Grain<ICallGrain>().Keep(basket);
        Assert.False(await Grain<ICallGrain>().IsKept(basket));
    }

    [Fact]
    public async Task Fault_OfTheGrain_ReachesTheCallerWithTypeAndStack()
    {
        var fault = await Assert.ThrowsAsync<RefusedException>(async () => await Grain<ICallGrain>().Throw("no"));
        Assert.Equal("no", fault.Message);
        Assert.Contains(nameof(CallGrain), fault.StackTrace);
        Assert.Contains(nameof(Fault_OfTheGrain_ReachesTheCallerWithTypeAndStack), fault.StackTrace);
    }

    [Fact]
    public async Task Fault_OfTheContract_ReachesTheCallerWhole()
    {
        var fault = await Assert.ThrowsAsync<ControlException>(() => Grain<ICallGrain>().ThrowFault());
        Assert.Equal(("test-fault", "It fails."), (fault.Code, fault.Message));
        Assert.Equal(new FieldError("field", "is wrong", 7, 3), Assert.Single(fault.Fields));
    }

    [Fact]
    public async Task Fault_ThrownBeforeATask_ReachesTheCallerToo()
    {
        await Assert.ThrowsAsync<RefusedException>(() => Grain<ICallGrain>().ThrowAtOnce());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Grain<ICallGrain>().Cancelled());
        Assert.Equal(2, await Grain<ICallGrain>().Double(1));
    }

    [Fact]
    public async Task RequestContext_FlowsAlongCallsAndNotBack()
    {
        RequestContext.Set("user", "ann");
        Assert.Equal("ann", await Grain<ICallGrain>().Context("user"));
        Assert.Equal("ann", await Grain<ICallGrain>().ContextOfNext("user"));
        await Grain<ICallGrain>().SetContext("user", "bob");
        Assert.Equal("ann", RequestContext.Get("user"));
        RequestContext.Clear();
        Assert.Null(await Grain<ICallGrain>().Context("user"));
    }

    [Fact]
    public async Task RequestContext_OfCallsAtTheSameTime_DoNotMix()
    {
        var calls = Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            RequestContext.Set("n", $"{i}");
            return (Expected: $"{i}", Actual: await Grain<ICallGrain>($"{i % 5}").ContextOfNext("n"));
        }));
        Assert.All(await Task.WhenAll(calls).WaitAsync(Limit), pair => Assert.Equal(pair.Expected, pair.Actual));
    }

    [Fact]
    public async Task Activity_OfTheCaller_GivesTheCalleeItsTrace()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Microsoft.Orleans.", StringComparison.Ordinal),
            Sample = (ref _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        using var activity = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        Assert.StartsWith($"00-{activity.TraceId}-", await Grain<ICallGrain>().Trace());
        activity.Stop();
        Assert.DoesNotContain($"{activity.TraceId}", await Grain<ICallGrain>().Trace() ?? "");
    }

    [Fact]
    public async Task Reference_ByGrainIdOrOtherInterface_NamesTheSameGrain()
    {
        var grain = Grain<IReentrantGrain>("key");
        var id = grain.GetGrainId();
        Assert.Equal("reentrant/key", id.ToString());
        Assert.Equal("key", grain.GetPrimaryKeyString());
        Assert.Equal(grain, Silo.Grains.GetGrain<IReentrantGrain>(id));
        var other = grain.AsReference<IScriptedGrain>();
        Assert.Equal(await grain.Incarnation(), await other.Incarnation());
    }
}
