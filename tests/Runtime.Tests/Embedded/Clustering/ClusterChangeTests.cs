using System.Net;
using Control.Runtime.Tests.Grains;
using Control.TestKit.Networks;
using Control.TestKit.Silos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Embedded.Clustering;

/// <summary>Silos that come, leave, die and pause; a Redis that forgets and goes away.</summary>
public sealed class ClusterChangeTests : ClusterTest
{
    protected override TimeSpan Lease => TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Silo_JoinsLeavesAndJoinsUnderLoad_NoCallFails()
    {
        await StartAsync();
        await StartAsync();
        using var over = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 4).Select(_ => Task.Run(() => CallAsync(over.Token))).ToArray();

        await StartAsync();
        await StopAsync(Silos[1]);
        await StartAsync();
        await StopAsync(Silos[1]);

        await over.CancelAsync();
        Assert.All(await Task.WhenAll(callers), calls => Assert.NotEqual(0, calls));
        Assert.Equal(2, ClusterOf(Silos[0]).View.Members.Length);
    }

    [Fact]
    public async Task Silo_Joins_IsUsedAtOnce()
    {
        await StartAsync();
        var second = await StartAsync();
        foreach (var grain in Many()) await grain.Double(1);
        Assert.NotEmpty(SiloOf(second).Activations);
    }

    [Fact]
    public async Task Grain_BusyWhereItLived_BeginsElsewhereOnlyOnceItEnded()
    {
        var first = await StartAsync();
        var grains = Many().ToArray();
        var calls = grains.Select((grain, i) => grain.Wait($"{i}")).ToArray();
        for (var i = 0; i < grains.Length; i++) await Gates.ReachedAsync($"{i}");
        var second = await StartAsync();
        var moved = Enumerable.Range(0, grains.Length).Where(i => ClusterOf(first).View.PlaceOf(grains[i].GetGrainId()) == ClusterOf(second).Self).ToArray();
        Assert.NotEmpty(moved);

        var next = moved.Select(i => second.Grains.GetGrain<ICallGrain>($"{i}").Double(i).AsTask()).ToArray();
        await Task.WhenAny(Task.WhenAll(next), second.Grains.GetGrain<ICallGrain>(KeyOn(second) + " free").Double(1).AsTask());
        Assert.DoesNotContain(moved, i => SiloOf(second).Has(grains[i].GetGrainId()));

        Gates.OpenAll();
        Assert.Equal(moved.Select(i => 2 * i), await Task.WhenAll(next));
        await Task.WhenAll(calls);
        Assert.All(moved, i => Assert.True(SiloOf(second).Has(grains[i].GetGrainId())));
        Assert.All(moved, i => Assert.False(SiloOf(first).Has(grains[i].GetGrainId())));
    }

    [Fact]
    public async Task Silo_Dies_ItsGrainsAnswerElsewhereAtOnce()
    {
        await StartAsync();
        var second = await StartAsync();
        var grain = Silos[0].Grains.GetGrain<ICallGrain>(KeyOn(second));
        await grain.Double(1);

        var running = grain.Wait("never");
        await Gates.ReachedAsync("never");
        await KillAsync(second);

        await Assert.ThrowsAsync<SiloUnavailableException>(() => running);
        Assert.Equal(42, await grain.Double(21));
        Assert.Single(ClusterOf(Silos[0]).View.Members);
    }

    [Fact]
    public async Task Silo_PausedBeyondItsLease_IsRemovedAndStopsWhenItSees()
    {
        var first = await StartAsync();
        var second = await StartAsync();
        var grain = first.Grains.GetGrain<ICallGrain>(KeyOn(second));
        var hanging = grain.Wait("never");
        await Gates.ReachedAsync("never");

        await ClusterOf(second).Membership.DisposeAsync();
        await UntilAsync(first, view => view.Members.Length == 1);

        await Assert.ThrowsAsync<SiloUnavailableException>(() => hanging);
        Assert.Equal(42, await grain.Double(21));
        await ClusterOf(second).RefreshAsync();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => second.Grains.GetGrain<ICallGrain>("any").Double(1).AsTask());
    }

    [Fact]
    public async Task Redis_ForgetsEverything_TheClusterStays()
    {
        var first = await StartAsync();
        var second = await StartAsync();
        var version = ClusterOf(first).View.Version;

        await Redis.FlushAsync();
        await UntilAsync(first, view => view.Version > version);
        await UntilAsync(second, view => view.Version > version);

        Assert.Equal(2, ClusterOf(first).View.Members.Length);
        var third = await StartAsync();
        Assert.Equal(3, ClusterOf(third).View.Members.Length);
        foreach (var grain in Many()) Assert.Equal(2, await grain.Double(1));
    }

    [Fact]
    public async Task Redis_Away_CallsGoOnAndWhoDiesIsRemovedOnceItIsBack()
    {
        var first = await StartAsync();
        var second = await StartAsync();
        foreach (var grain in Many()) await grain.Double(1);
        await Redis.StopAsync();
        foreach (var grain in Many()) Assert.Equal(2, await grain.Double(1));
        await KillAsync(second);

        var calls = Assert.ThrowsAsync<SiloUnavailableException>(async () =>
        {
            foreach (var grain in Many()) await grain.Double(1);
        });
        await calls;
        await Redis.StartAgainAsync();
        await UntilAsync(first, view => view.Members.Length == 1);
        foreach (var grain in Many()) Assert.Equal(2, await grain.Double(1));
    }

    [Fact]
    public async Task Redis_AwayForLongAndBackEmpty_NobodyIsRemoved()
    {
        while (Silos.Count < 3) await StartAsync();
        await Redis.StopAsync();
        using (var away = new CancellationTokenSource(TimeSpan.FromSeconds(6))) await CallAsync(away.Token);
        await Redis.StartAgainAsync();

        // Beyond what the last of them needs to come back, and what the first waits for the others.
        using (var back = new CancellationTokenSource(Lease + TimeSpan.FromSeconds(4))) await CallAsync(back.Token);
        Assert.All(Silos, silo => Assert.Equal(3, ClusterOf(silo).View.Members.Length));
    }

    [Fact]
    public async Task Redis_OutOfReachOfOneSilo_TheOthersGoOnAndItLearnsThatItIsOut()
    {
        var first = await StartAsync();
        using var way = new Link(() => [IPEndPoint.Parse(Redis.Address)]);
        var cluster = TestSilos.Cluster(Redis, Certificate) with { Redis = $"127.0.0.1:{way.Port}" };
        var second = await StartAsync(cluster);
        var self = ClusterOf(second).Self;
        await UntilAsync(first, view => view.Contains(self));
        var stops = new TaskCompletionSource();
        second.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stops.SetResult);

        var grain = second.Grains.GetGrain<ICallGrain>(KeyOn(first));
        way.Dispose();
        await UntilAsync(first, view => !view.Contains(self));
        await grain.Double(1).AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
        await stops.Task.WaitAsync(Limit);
    }

    private async Task<int> CallAsync(CancellationToken over)
    {
        var calls = 0;
        var grains = Many(64).ToArray();
        while (!over.IsCancellationRequested)
        {
            var i = calls++ % grains.Length;
            Assert.Equal(2 * i, await grains[i].Double(i));
        }

        return calls;
    }
}
