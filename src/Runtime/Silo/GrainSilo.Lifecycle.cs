using Control.Runtime.Clustering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Control.Runtime.Silo;

internal sealed partial class GrainSilo : IHostedLifecycleService
{
    // Timeouts and idle ages are exact to twice this.
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private readonly long _begin;
    private volatile SiloPhase _phase;
    private volatile bool _overloaded;
    private ITimer? _heart;
    private long _now;

    /// <summary>Milliseconds since the silo was made, as of the last beat: read on every call, so it must cost nothing.</summary>
    public long Now => Volatile.Read(ref _now);

    // Before all hosted services, for they may call grains in their own start.
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _heart = Options.Clock.CreateTimer(static state => ((GrainSilo)state!).OnBeat(), this, Beat, Beat);
        _phase = SiloPhase.Running;
        return _cluster?.StartAsync(this, CutOff, cancellationToken) ?? Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // After all hosted services, for they may call grains in their own stop.
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_phase == SiloPhase.Running) await EndAsync(cancellationToken);
        if (_cluster is not null) await _cluster.DisposeAsync();
        if (_heart is not null) await _heart.DisposeAsync();
    }

    private async Task EndAsync(CancellationToken cut)
    {
        try
        {
            // In a cluster the silo goes on passing calls to where its grains live now.
            if (_cluster is null) _phase = SiloPhase.Stopping;
            else await _cluster.BeginLeaveAsync(cut);
            while (!_activations.IsEmpty) await EndAllAsync(cut);
            if (_cluster is not null) await _cluster.LeaveAsync(cut);
        }
        catch (OperationCanceledException)
        {
            LogStopCut(Log, _activations.Count);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            LogLeaveFailed(Log, fault);
        }

        End(SiloPhase.Stopped);
    }

    // Declared dead: its grains live elsewhere, and what they still do here can no longer be committed.
    private void CutOff()
    {
        End(SiloPhase.Stopped);
        foreach (var activation in _activations.Values) activation.Deactivate(Cluster.Moved);
        Services.GetService<IHostApplicationLifetime>()?.StopApplication();
    }

    private void End(SiloPhase phase)
    {
        _phase = phase;
        foreach (var request in _calls.TakeDue(long.MaxValue)) Fail(request, Unavailable());
    }

    private async Task EndAllAsync(CancellationToken cut)
    {
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo stops.");
        var activations = _activations.Values.ToArray();
        foreach (var activation in activations) activation.Deactivate(reason, cut);
        await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(cut);
    }

    private void OnBeat()
    {
        Volatile.Write(ref _now, (long)Options.Clock.GetElapsedTime(_begin).TotalMilliseconds);
        foreach (var request in _calls.TakeDue(Now - (2 * (long)Beat.TotalMilliseconds))) TimeOut(request);
        _overloaded = _calls.Count > Options.MaxPendingCalls;
        Idle.Look();
    }

    private void TimeOut(GrainRequest request)
    {
        var fault = new TimeoutException(
            $"{request.Target.GrainId} did not answer {request.Method.Name} in time. Whether the call took effect is unknown.");
        if (!request.TryFail(fault)) return;
        Forget(request);
        CancelCallee(request);
    }

    private Exception? Refusal(GrainRequest request)
    {
        if (_phase is SiloPhase.New or SiloPhase.Stopped || (_phase == SiloPhase.Stopping && request.Source is null)) return Unavailable();
        return _overloaded && request.Source is null
            ? new LimitExceededException("The number of pending calls", _calls.Count, Options.MaxPendingCalls, "the silo")
            : null;
    }

    private SiloUnavailableException Unavailable() => new(_phase == SiloPhase.New
        ? "The silo has not started. Await the host's start before calling grains."
        : "The silo is stopping.");

    [LoggerMessage(20, LogLevel.Warning, "The time to stop ran out with {Activations} grains not deactivated")]
    private static partial void LogStopCut(ILogger log, int activations);

    [LoggerMessage(21, LogLevel.Warning, "The silo could not leave the cluster in order; the others find out by its closed connections")]
    private static partial void LogLeaveFailed(ILogger log, Exception fault);
}
