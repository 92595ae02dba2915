using Control.Runtime.Hosting;
using Control.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Embedded;

public sealed class PendingCallsTests : RuntimeTest
{
    [Fact]
    public async Task Call_TooManyPendingInTheSilo_IsRefusedUntilTheyAreAnswered()
    {
        Silo.Services.GetRequiredService<GrainRuntimeOptions>().MaxPendingCalls = 15;
        var steps = Enumerable.Range(0, 16).Select(i => Grain<IScriptedGrain>($"{i}").Step("step")).ToArray();
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<LimitExceededException>(() => Grain<IScriptedGrain>("more").Incarnation());
        Gates.Open("step");
        await Task.WhenAll(steps).WaitAsync(Limit);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Grain<IScriptedGrain>("more").Incarnation();
    }
}
