using Control.Contracts.Errors;
using Control.Runtime.Tests.Grains;
using Control.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Control.Runtime.Tests.Clusters;

/// <summary>Calls that cross from one process's silo to another's, and from a client: everything is written and read.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private readonly Gates _gates = new();
    private InProcessTestCluster? _cluster;

    private InProcessTestCluster Cluster => _cluster!;

    public async Task InitializeAsync()
    {
        var builder = new InProcessTestClusterBuilder(initialSilosCount: 2);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(_gates);
            silo.Services.AddSingleton<PlacementStrategy, RandomPlacement>();
            silo.Behave();
        });
        builder.ConfigureClientHost(client => client.Services.PassFaults());
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async Task DisposeAsync()
    {
        _gates.OpenAll();
        await Cluster.DisposeAsync();
    }

    // Random places, so that with many keys there are calls from each silo to the other.
    private IEnumerable<ICallGrain> Many() => Enumerable.Range(0, 16).Select(i => Cluster.Client.GetGrain<ICallGrain>($"{i}"));

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

        foreach (var silo in Cluster.Silos) Assert.NotEqual(0, await ActivationsAsync(silo));
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
    public async Task Fault_OfAnotherKind_KeepsTypeAndMessage()
    {
        foreach (var grain in Many())
        {
            Assert.Equal("no", (await Assert.ThrowsAsync<RefusedException>(() => grain.Throw("no"))).Message);
        }
    }

    [Fact]
    public async Task Cancel_RunningCall_ReachesTheCalleeOnEverySilo()
    {
        foreach (var (grain, i) in Many().Select((grain, i) => (grain, i)))
        {
            using var source = new CancellationTokenSource();
            var call = grain.WaitFor($"gate {i}", source.Token);
            await _gates.ReachedAsync($"gate {i}");
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(RuntimeTest.Limit));
            await _gates.ReachedAsync($"gate {i} cancelled");
        }
    }

    [Fact]
    public async Task Silo_Stopped_ItsGrainsAnswerFromTheOtherWithoutAFailedCall()
    {
        foreach (var grain in Many()) await grain.Double(1);
        await Cluster.StopSiloAsync(Cluster.Silos[1]);
        foreach (var grain in Many()) Assert.Equal(42, await grain.Double(21));
    }

    private static async Task<int> ActivationsAsync(InProcessSiloHandle silo)
    {
        var management = silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        return (await management.GetSimpleGrainStatistics([silo.SiloAddress]))
            .Where(grain => grain.GrainType.Contains(nameof(CallGrain), StringComparison.Ordinal)).Sum(grain => grain.ActivationCount);
    }
}
