using System.Collections.Concurrent;
using Control.Chaos.Plans;
using Control.TestKit.Networks;

namespace Control.Chaos.Sites;

/// <summary>A fault as it came about.</summary>
/// <param name="Fault">As planned.</param>
/// <param name="Begin">When it began, a time stamp of the clock.</param>
/// <param name="End">When it was taken back; what it broke may take a while longer.</param>
internal sealed record Disturbance(Fault Fault, long Begin, long End);

/// <summary>Does to a site what a plan says.</summary>
internal sealed class Saboteur(Site site, TextWriter output)
{
    private static readonly TimeSpan Lateness = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentQueue<Disturbance> _done = new();

    /// <summary>What came about so far.</summary>
    public IReadOnlyCollection<Disturbance> Done => _done;

    /// <summary>
    /// Carries the plan out; returns once all of it is taken back. Where the machine is slower than the plan assumes, a fault waits
    /// for what went before: one of a store until the last one of a store is taken back, one of a node until enough others serve.
    /// </summary>
    public async Task CarryOutAsync(IReadOnlyList<Fault> plan, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        var (running, ofStores) = (new List<Task>(), Task.CompletedTask);
        foreach (var fault in plan)
        {
            var wait = fault.At - TimeProvider.System.GetElapsedTime(began);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, TimeProvider.System, cancellationToken);
            if (fault.IsOfStores) await ofStores;
            if (fault.IsOfNode) await UntilSparedAsync(fault.Target, cancellationToken);
            await output.WriteLineAsync($"{fault}");
            var task = CommitAsync(fault, cancellationToken);
            running.Add(task);
            if (fault.IsOfStores) ofStores = task;
        }

        await Task.WhenAll(running);
    }

    private async Task UntilSparedAsync(int node, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery, TimeProvider.System);
        while (!site.CanSpare(node)) await timer.WaitForNextTickAsync(cancellationToken);
    }

    private async Task CommitAsync(Fault fault, CancellationToken cancellationToken)
    {
        var begin = TimeProvider.System.GetTimestamp();
        await DoAsync(fault, cancellationToken);
        _done.Enqueue(new Disturbance(fault, begin, TimeProvider.System.GetTimestamp()));
    }

    private Task DoAsync(Fault fault, CancellationToken cancellationToken) => fault.Kind switch
    {
        FaultKind.KillNode => site.Nodes[fault.Target].KillAsync(fault.Length),
        FaultKind.PauseNode => site.Nodes[fault.Target].PauseAsync(fault.Length, cancellationToken),
        FaultKind.DrainNode => site.Nodes[fault.Target].DrainAsync(fault.Length),
        FaultKind.KillAgent => site.Agents[fault.Target].KillAsync(fault.Length),
        FaultKind.CutGateways => CutAsync(site.Gateways, fault.Length, cancellationToken),
        FaultKind.CutDatabase => CutAsync(site.Database, fault.Length, cancellationToken),
        FaultKind.CutRedis => CutAsync(site.Redis, fault.Length, cancellationToken),
        FaultKind.DelayGateways => DelayAsync(site.Gateways, fault.Length, cancellationToken),
        FaultKind.DelayDatabase => DelayAsync(site.Database, fault.Length, cancellationToken),
        FaultKind.DelayRedis => DelayAsync(site.Redis, fault.Length, cancellationToken),
        FaultKind.KillDatabase => RestartAsync(site.Postgres.KillAsync, site.Postgres.StartAgainAsync, fault.Length, cancellationToken),
        FaultKind.RestartDatabase => RestartAsync(site.Postgres.StopAsync, site.Postgres.StartAgainAsync, fault.Length, cancellationToken),
        FaultKind.RestartRedis => RestartAsync(site.RedisServer.StopAsync, site.RedisServer.StartAgainAsync, fault.Length, cancellationToken),
        FaultKind.FlushRedis => site.RedisServer.FlushAsync(),
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    private static async Task CutAsync(Link link, TimeSpan length, CancellationToken cancellationToken)
    {
        link.IsOpen = false;
        link.Cut();
        await Task.Delay(length, TimeProvider.System, cancellationToken);
        link.IsOpen = true;
    }

    private static async Task DelayAsync(Link link, TimeSpan length, CancellationToken cancellationToken)
    {
        link.Delay = Lateness;
        await Task.Delay(length, TimeProvider.System, cancellationToken);
        link.Delay = TimeSpan.Zero;
    }

    private static async Task RestartAsync(Func<Task> stop, Func<Task> start, TimeSpan length, CancellationToken cancellationToken)
    {
        await stop();
        await Task.Delay(length, TimeProvider.System, cancellationToken);
        await start();
    }
}
