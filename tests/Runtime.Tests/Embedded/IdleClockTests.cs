using Control.Runtime.Tests.Grains;

namespace Control.Runtime.Tests.Embedded;

/// <summary>Idleness to the second, on a clock that tests move; Orleans measures it with the machine's (see IdleTests).</summary>
public sealed class IdleClockTests : RuntimeTest
{
    [Fact]
    public async Task Idle_LongerThanTheAge_Deactivates()
    {
        var grain = Grain<ILifecycleGrain>("stay");
        await grain.Ping();
        Clock.Advance(TimeSpan.FromMinutes(10));
        await grain.Ping();
        Clock.Advance(TimeSpan.FromMinutes(14));
        Assert.DoesNotContain("stay deactivates: ActivationIdle", Gates.Log);
        Clock.Advance(TimeSpan.FromMinutes(1.1));
        await Gates.ReachedAsync("stay deactivation");
        Assert.Contains("stay deactivates: ActivationIdle", Gates.Log);
        Gates.Open("stay deactivation");
    }

    [Fact]
    public async Task Idle_Delayed_StaysForTheTime()
    {
        var grain = Grain<ILifecycleGrain>("stay");
        await grain.Delay(TimeSpan.FromHours(1));
        Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(1, await grain.Ping());
        await grain.Delay(TimeSpan.Zero);
        Clock.Advance(TimeSpan.FromMinutes(16));
        await Gates.ReachedAsync("stay deactivation");
        Gates.Open("stay deactivation");
    }

    [Fact]
    public async Task Idle_AgeOfItsOwnClass_Wins()
    {
        await using var silo = await StartAsync(
            Options with { IdleAges = new Dictionary<Type, TimeSpan> { [typeof(LifecycleGrain)] = TimeSpan.FromSeconds(5) } });
        await silo.Grains.GetGrain<ILifecycleGrain>("stay").Ping();
        Clock.Advance(TimeSpan.FromSeconds(8));
        await Gates.ReachedAsync("stay deactivation");
        Gates.Open("stay deactivation");
    }

    [Fact]
    public async Task Deactivation_Stuck_EndsAfterTheLimit()
    {
        var grain = Grain<ILifecycleGrain>("stay");
        await grain.End();
        await Gates.ReachedAsync("stay deactivation");
        var ping = grain.Ping();
        Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(ping.IsCompleted);
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await ping.WaitAsync(Limit));
    }

    [Fact]
    public async Task Tick_NotKeepingAlive_LetsTheGrainBecomeIdle()
    {
        var grain = Grain<ITimerGrain>();
        for (var i = 1; i < 40; i++) Gates.Open($"tick {i}");
        await grain.Start("tick", TimeSpan.FromMinutes(10), Timeout.InfiniteTimeSpan, interleave: false, keepAlive: false);
        Clock.Advance(TimeSpan.FromMinutes(10));
        await Gates.ReachedAsync("tick 1 over");
        Clock.Advance(TimeSpan.FromMinutes(5.1));
        await Gates.ReachedAsync("one ends");
        Gates.Open("one ends");
    }

    [Fact]
    public async Task Tick_KeepingAlive_KeepsTheGrain()
    {
        var grain = Grain<ITimerGrain>();
        Gates.Open("tick 1");
        await grain.Start("tick", TimeSpan.FromMinutes(10), TimeSpan.FromDays(1), interleave: false, keepAlive: true);
        Clock.Advance(TimeSpan.FromMinutes(10));
        await Gates.ReachedAsync("tick 1 over");
        Clock.Advance(TimeSpan.FromMinutes(10));
        await grain.Ping();
        Assert.Equal(["tick 1 begins", "tick 1 ends"], Gates.Log);
        Clock.Advance(TimeSpan.FromMinutes(16));
        await Gates.ReachedAsync("one ends");
        Gates.Open("one ends");
    }
}
