using Control.Runtime.Tests.Grains;

namespace Control.Runtime.Tests.Timers;

public sealed class TimerTests : RuntimeTest
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Tick_WhileARequestRuns_WaitsForItsEnd()
    {
        var grain = Grain<ITimerGrain>();
        await grain.Start("tick", Second, Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        var step = grain.Step("step");
        await Gates.ReachedAsync("step");
        Clock.Advance(Second);
        Gates.Open("tick 1");
        Gates.Open("step");
        await Gates.ReachedAsync("tick 1");
        await grain.Ping();
        await step;
        Assert.Equal(["step begins", "step ends", "tick 1 begins", "tick 1 ends"], Gates.Log);
    }

    [Fact]
    public async Task Tick_Interleaving_BeginsWhileARequestRuns()
    {
        var grain = Grain<ITimerGrain>();
        await grain.Start("tick", Second, Timeout.InfiniteTimeSpan, interleave: true, keepAlive: false);
        var step = grain.Step("step");
        await Gates.ReachedAsync("step");
        Clock.Advance(Second);
        await Gates.ReachedAsync("tick 1");
        Gates.Open("tick 1");
        Gates.Open("step");
        await step.WaitAsync(Limit);
        Assert.Equal(["step begins", "tick 1 begins"], Gates.Log.Take(2));
    }

    [Fact]
    public async Task Tick_Running_HoldsRequestsAndTheNextTick()
    {
        var grain = Grain<ITimerGrain>();
        await grain.Start("tick", Second, Second, interleave: false, keepAlive: false);
        Clock.Advance(Second);
        await Gates.ReachedAsync("tick 1");
        Clock.Advance(Second * 5);
        var ping = grain.Ping();
        Assert.False(ping.IsCompleted);
        Gates.Open("tick 1");
        await ping.WaitAsync(Limit);
        Assert.Equal(["tick 1 begins", "tick 1 ends"], Gates.Log);
        Clock.Advance(Second);
        await Gates.ReachedAsync("tick 2");
        Gates.Open("tick 2");
    }

    [Fact]
    public async Task Tick_Fails_TheNextOneComes()
    {
        var grain = Grain<ITimerGrain>();
        await grain.Start("failing", Second, Second, interleave: false, keepAlive: false);
        Gates.Open("failing 1");
        Clock.Advance(Second);
        await Gates.ReachedAsync("failing 1");
        await grain.Ping();
        Clock.Advance(Second);
        await Gates.ReachedAsync("failing 2");
        Gates.Open("failing 2");
    }

    [Fact]
    public async Task Change_BeforeTheTick_MovesIt()
    {
        var grain = Grain<ITimerGrain>();
        await grain.Start("tick", Second, Second, interleave: false, keepAlive: false);
        await grain.Change(Second * 10, Second);
        Clock.Advance(Second * 9);
        await grain.Ping();
        Assert.Empty(Gates.Log);
        Clock.Advance(Second);
        await Gates.ReachedAsync("tick 1");
        Gates.Open("tick 1");
    }

    [Fact]
    public async Task Dispose_DuringATick_CancelsItsTokenAndEndsTheTimer()
    {
        var grain = Grain<ITimerGrain>();
        await grain.Start("tick", Second, Second, interleave: true, keepAlive: false);
        Clock.Advance(Second);
        await Gates.ReachedAsync("tick 1");
        await grain.Stop();
        Gates.Open("tick 1");
        await grain.Ping();
        Clock.Advance(Second * 5);
        await grain.Ping();
        Assert.Equal(["tick 1 begins", "tick 1 ends cancelled"], Gates.Log);
    }
}
