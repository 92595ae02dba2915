using Control.Runtime.Tests.Grains;
using Control.TestKit.Silos;

namespace Control.Runtime.Tests.Lifecycle;

/// <summary>What Orleans measures with the machine's own clock, so that both engines are tried on it here, with short times.</summary>
public sealed class RealTimeTests : RuntimeTest
{
    protected override TestSiloOptions Options => base.Options with
    {
        Clock = TimeProvider.System,
        DeactivationTimeout = TimeSpan.FromSeconds(1),
        IdleAges = new Dictionary<Type, TimeSpan>
        {
            [typeof(LifecycleGrain)] = TimeSpan.FromSeconds(2),
            [typeof(TimerGrain)] = TimeSpan.FromSeconds(2),
        },
    };

    [Fact]
    public async Task Idle_LongerThanTheAge_Deactivates()
    {
        await Grain<ILifecycleGrain>("stay").Ping();
        await Gates.ReachedAsync("stay deactivation");
        Assert.Contains("stay deactivates: ActivationIdle", Gates.Log);
        Gates.Open("stay deactivation");
    }

    [Fact]
    public async Task Idle_Delayed_StaysLongerThanOthers()
    {
        await Grain<ILifecycleGrain>("longer").Delay(TimeSpan.FromHours(1));
        await Grain<ILifecycleGrain>("stay").Ping();
        await Gates.ReachedAsync("stay deactivation");
        Gates.Open("stay deactivation");
        Assert.Equal(1, await Grain<ILifecycleGrain>("longer").Ping());
        Assert.DoesNotContain("longer deactivates: ActivationIdle", Gates.Log);
    }

    [Fact]
    public async Task Tick_OnlyWhenItKeepsAlive_KeepsTheGrain()
    {
        for (var i = 1; i < 200; i++)
        {
            Gates.Open($"kept {i}");
            Gates.Open($"left {i}");
        }

        var period = TimeSpan.FromSeconds(0.3);
        await Grain<ITimerGrain>("kept").Start("kept", period, period, interleave: false, keepAlive: true);
        await Grain<ITimerGrain>("left").Start("left", period, period, interleave: false, keepAlive: false);
        await Gates.ReachedAsync("left ends");
        Gates.Open("left ends");
        await Grain<ITimerGrain>("kept").Ping();
        Assert.DoesNotContain("kept ends", Gates.Log);
    }

    [Fact]
    public async Task Deactivation_Stuck_EndsAfterTheLimit()
    {
        var grain = Grain<ILifecycleGrain>("stay");
        await grain.End();
        await Gates.ReachedAsync("stay deactivation");
        Assert.Equal(1, await grain.Ping().WaitAsync(Limit));
    }

    [Fact]
    public async Task Call_TimedOutWhileItWaited_NeverBegins()
    {
        var grain = Grain<ICallGrain>();
        var first = grain.Wait("first");
        await Gates.ReachedAsync("first");
        var second = grain.WaitBriefly("second");
        Gates.Open("second");
        await Assert.ThrowsAsync<TimeoutException>(() => second.WaitAsync(Limit));
        Gates.Open("first");
        await first.WaitAsync(Limit);
        await grain.Double(1);
        Assert.Empty(Gates.Log);
    }
}
