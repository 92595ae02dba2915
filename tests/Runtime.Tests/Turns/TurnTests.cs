using Control.Runtime.Tests.Grains;

namespace Control.Runtime.Tests.Turns;

public sealed class TurnTests : RuntimeTest
{
    [Fact]
    public async Task Call_EightThreads_TurnsNeverOverlap()
    {
        var grain = Grain<IReentrantGrain>();
        var callers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++) await Task.WhenAll(grain.Pressure(), grain.Pressure());
        }));
        await Task.WhenAll(callers).WaitAsync(Limit * 3);
        Assert.Equal((8 * 1000 * 3) + 3, await grain.Pressure());
    }

    [Fact]
    public async Task Call_WhileAnotherRuns_WaitsForItsEnd()
    {
        var grain = Grain<IScriptedGrain>();
        var first = grain.Step("first");
        await Gates.ReachedAsync("first");
        var second = grain.Step("second");
        Gates.Open("second");
        Gates.Open("first");
        await Task.WhenAll(first, second).WaitAsync(Limit);
        Assert.Equal(["first begins", "first ends", "second begins", "second ends"], Gates.Log);
    }

    [Fact]
    public async Task Call_Reentrant_BeginsDuringAnAwait()
    {
        var grain = Grain<IReentrantGrain>();
        var first = grain.Step("first");
        await Gates.ReachedAsync("first");
        var second = grain.Step("second");
        await Gates.ReachedAsync("second");
        Gates.Open("second");
        await second.WaitAsync(Limit);
        Gates.Open("first");
        await first.WaitAsync(Limit);
        Assert.Equal(["first begins", "second begins", "second ends", "first ends"], Gates.Log);
    }

    [Fact]
    public async Task AlwaysInterleave_WhileAnotherRuns_Begins()
    {
        var grain = Grain<IScriptedGrain>();
        var step = grain.Step("step");
        await Gates.ReachedAsync("step");
        var between = grain.Between("between");
        await Gates.ReachedAsync("between");
        Gates.Open("between");
        await between.WaitAsync(Limit);
        Gates.Open("step");
        await step.WaitAsync(Limit);
        Assert.Equal(["step begins", "between begins", "between ends", "step ends"], Gates.Log);
    }

    [Fact]
    public async Task Call_WhileAlwaysInterleaveRuns_Begins()
    {
        var grain = Grain<IScriptedGrain>();
        var between = grain.Between("between");
        await Gates.ReachedAsync("between");
        var step = grain.Step("step");
        await Gates.ReachedAsync("step");
        Gates.Open("step");
        Gates.Open("between");
        await Task.WhenAll(step, between).WaitAsync(Limit);
    }

    [Fact]
    public async Task ReadOnly_WhileReadOnlyRuns_Begins()
    {
        var grain = Grain<IScriptedGrain>();
        var first = grain.Read("first");
        await Gates.ReachedAsync("first");
        var second = grain.Read("second");
        await Gates.ReachedAsync("second");
        Gates.Open("first");
        Gates.Open("second");
        await Task.WhenAll(first, second).WaitAsync(Limit);
    }

    [Fact]
    public async Task ReadOnly_WhileOthersRun_Waits()
    {
        var grain = Grain<IScriptedGrain>();
        var step = grain.Step("step");
        await Gates.ReachedAsync("step");
        var read = grain.Read("read");
        Gates.Open("read");
        Gates.Open("step");
        await Task.WhenAll(step, read).WaitAsync(Limit);
        Assert.Equal(["step begins", "step ends", "read begins", "read ends"], Gates.Log);
    }

    [Fact]
    public async Task Call_WhileReadOnlyRun_WaitsForAllAndIsOvertakenByReadOnly()
    {
        var grain = Grain<IScriptedGrain>();
        var first = grain.Read("first");
        var second = grain.Read("second");
        await Gates.ReachedAsync("first");
        await Gates.ReachedAsync("second");
        var step = grain.Step("step");
        Gates.Open("step");
        Gates.Open("first");
        await first.WaitAsync(Limit);
        var third = grain.Read("third");
        await Gates.ReachedAsync("third");
        Gates.Open("third");
        await third.WaitAsync(Limit);
        Gates.Open("second");
        await Task.WhenAll(second, step).WaitAsync(Limit);
        Assert.Equal("step begins", Gates.Log[^2]);
    }

    [Fact]
    public async Task Await_OfAnOutsideTask_ContinuesAsATurnOfTheGrain()
    {
        var grain = Grain<ITurnGrain>();
        Assert.True(await grain.StaysOnScheduler().WaitAsync(Limit));
    }

    [Fact]
    public async Task Call_WhileAnotherGrainWaits_IsAnswered()
    {
        var step = Grain<IScriptedGrain>("blocked").Step("blocked");
        await Gates.ReachedAsync("blocked");
        await Grain<IScriptedGrain>("free").Note("free");
        Gates.Open("blocked");
        await step.WaitAsync(Limit);
        Assert.Equal(["blocked begins", "free", "blocked ends"], Gates.Log);
    }
}
