using System.Security.Cryptography.X509Certificates;
using Control.Runtime.Clustering;
using Control.Runtime.Silo;
using Control.Runtime.Tests.Grains;
using Control.Silo.Hosting;
using Control.TestKit.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Control.Runtime.Tests.Embedded.Clustering;

/// <summary>Silos of one cluster in this process: everything between them is written, encrypted, read.</summary>
public abstract class ClusterTest : IAsyncLifetime
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly List<TestSilo> _silos = [];
    private readonly List<TestSilo> _dead = [];
    private readonly X509Certificate2 _certificate = TestSilos.Certificate();
    private RedisServer? _redis;

    protected Gates Gates { get; } = new();

    protected virtual TimeSpan Lease => TimeSpan.FromSeconds(8);

    private protected X509Certificate2 Certificate => _certificate;

    protected RedisServer Redis => _redis!;

    protected IReadOnlyList<TestSilo> Silos => _silos;

    public virtual async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async Task DisposeAsync()
    {
        Gates.OpenAll();
        foreach (var silo in Enumerable.Reverse(_silos)) await silo.DisposeAsync();
        foreach (var silo in _dead)
        {
            using var cut = new CancellationTokenSource(TimeSpan.Zero);
            await silo.StopAsync(cut.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        await Redis.DisposeAsync();
        _certificate.Dispose();
    }

    protected async Task<TestSilo> StartAsync(SiloCluster? cluster = null)
    {
        var options = new TestSiloOptions
        {
            Grains = typeof(RuntimeTest).Assembly,
            Cluster = cluster ?? TestSilos.Cluster(Redis, _certificate),
            Lease = Lease,
        };
        var silo = await TestSilo.StartAsync(options, services => services.AddSingleton(Gates));
        var self = ClusterOf(silo).Self;
        if (cluster is null) await Task.WhenAll(_silos.Select(other => UntilAsync(other, view => view.Contains(self))));
        _silos.Add(silo);
        return silo;
    }

    protected async Task StopAsync(TestSilo silo)
    {
        _silos.Remove(silo);
        await silo.DisposeAsync();
    }

    /// <summary>As a kill looks to the others: its connections close, it listens no more and renews nothing.</summary>
    protected async Task KillAsync(TestSilo silo)
    {
        _silos.Remove(silo);
        _dead.Add(silo);
        await ClusterOf(silo).DisposeAsync();
    }

    private protected static Cluster ClusterOf(TestSilo silo) => SiloOf(silo).Cluster!;

    private protected static GrainSilo SiloOf(TestSilo silo) => silo.Services.GetRequiredService<GrainSilo>();

    /// <summary>Grains on all silos, as the first one sees them.</summary>
    protected IEnumerable<ICallGrain> Many(int count = 32) => Enumerable.Range(0, count).Select(i => Silos[0].Grains.GetGrain<ICallGrain>($"{i}"));

    /// <summary>A grain that lives on the silo by its own view.</summary>
    private protected static string KeyOn(TestSilo silo) => Enumerable.Range(0, int.MaxValue).Select(i => $"key {i}")
        .First(key => ClusterOf(silo).View.PlaceOf(silo.Grains.GetGrain<ICallGrain>(key).GetGrainId()) == ClusterOf(silo).Self);

    private protected static async Task UntilAsync(TestSilo silo, Func<ClusterView, bool> holds)
    {
        using var limit = new CancellationTokenSource(Limit);
        var membership = ClusterOf(silo).Membership;
        while (true)
        {
            var next = membership.NextAsync(limit.Token);
            if (holds(membership.View)) return;
            await next;
        }
    }
}
