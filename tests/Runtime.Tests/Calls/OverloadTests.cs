using Control.Runtime.Tests.Grains;
using Control.TestKit.Silos;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Calls;

public sealed class OverloadTests : RuntimeTest
{
    protected override TestSiloOptions Options => base.Options with { MaxQueuedRequests = 10 };

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
}
