using Control.Contracts.Errors;
using Control.Runtime.Tests.Grains;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Embedded.Clustering;

/// <summary>Calls that cross from silo to silo.</summary>
public sealed class ClusterCallTests : ClusterTest
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await StartAsync();
        await StartAsync();
    }

    [Fact]
    public async Task Call_ArgumentsAndContext_ArriveOnEverySilo()
    {
        RequestContext.Set("user", "ann");
        foreach (var grain in Many())
        {
            await grain.Keep(new Basket { Items = ["apple"], Seal = [1] });
            Assert.Equal(["apple"], (await grain.Kept()).Items);
            Assert.Equal("ann", await grain.ContextOfNext("user"));
        }

        Assert.All(Silos, silo => Assert.NotEmpty(SiloOf(silo).Activations));
    }

    [Fact]
    public async Task Fault_OfTheContract_ReachesTheCallerWhole()
    {
        foreach (var grain in Many())
        {
            var fault = await Assert.ThrowsAsync<ControlException>(() => grain.ThrowFault());
            Assert.Equal(("test-fault", "It fails."), (fault.Code, fault.Message));
            Assert.Equal(new FieldError("field", "is wrong", 7, 3), Assert.Single(fault.Fields));
        }
    }

    [Fact]
    public async Task Fault_OfAnotherKind_ArrivesAsItsText()
    {
        var grain = Silos[0].Grains.GetGrain<ICallGrain>(KeyOn(Silos[1]));
        var fault = await Assert.ThrowsAsync<OrleansException>(() => grain.Throw("no"));
        Assert.Equal($"{typeof(RefusedException).FullName}: no", fault.Message);
    }

    [Fact]
    public async Task Cancel_RunningCall_ReachesTheCalleeOnEverySilo()
    {
        foreach (var (grain, i) in Many().Select((grain, i) => (grain, i)))
        {
            using var source = new CancellationTokenSource();
            var call = grain.WaitFor($"gate {i}", source.Token);
            await Gates.ReachedAsync($"gate {i}");
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Limit));
            await Gates.ReachedAsync($"gate {i} cancelled");
        }
    }

    [Fact]
    public async Task Call_NotAnsweredInTime_FailsForTheCallerAndGoesOnForTheCallee()
    {
        var grain = Silos[0].Grains.GetGrain<ICallGrain>(KeyOn(Silos[1]));
        await Assert.ThrowsAsync<TimeoutException>(() => grain.WaitBriefly("gate"));
        Gates.Open("gate");
        await grain.Double(1);
        Assert.Contains("gate done", Gates.Log);
    }

    [Fact]
    public async Task Call_ResultTooLongForAFrame_FailsAndLeavesTheConnection()
    {
        var grain = Silos[0].Grains.GetGrain<ICallGrain>(KeyOn(Silos[1]));
        await Assert.ThrowsAnyAsync<Exception>(() => grain.Keep(new Basket { Seal = new byte[Control.Runtime.Clustering.FrameStream.MaxFrame] }));
        Assert.Equal(42, await grain.Double(21));
        await grain.Keep(new Basket { Seal = new byte[8 * 1024 * 1024] });
        Assert.Equal(8 * 1024 * 1024, (await grain.Kept()).Seal.Length);
    }

    [Fact]
    public async Task Calls_ManyAtOnce_EachGetsItsOwnAnswer()
    {
        var grains = Many(200).ToArray();
        for (var round = 0; round < 20; round++)
        {
            var answers = await Task.WhenAll(grains.Select((grain, i) => grain.Double((round * 1000) + i).AsTask()));
            Assert.Equal(Enumerable.Range(0, 200).Select(i => 2 * ((round * 1000) + i)), answers);
        }
    }
}
