using Control.Runtime.Silo;
using Orleans;

namespace Control.Runtime.Activations;

internal sealed partial class Activation
{
    private static readonly TaskCompletionSource AlreadyEnded = MakeEnded();

    private long _lastUse;
    private long _keepUntil;
    private DeactivationReason? _ending;
    private CancellationToken _cut;
    private TaskCompletionSource? _deactivated;

    /// <summary>Its place among those that may become idle.</summary>
    internal IdleSlot Idle;

    public Task Deactivated
    {
        get
        {
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (Interlocked.CompareExchange(ref _deactivated, source, null) ?? source).Task;
        }
    }

    /// <summary>When the activation may be collected, in the silo's milliseconds, if no request comes.</summary>
    public long IdleDue => _admission.Running > 0
        ? _silo.Now + _class.IdleAgeMilliseconds
        : Math.Max(_lastUse + _class.IdleAgeMilliseconds, Interlocked.Read(ref _keepUntil));

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        // Asked by the grain itself, no other request may begin from here on: its state may be stale.
        if (ReferenceEquals(TurnScheduler.RunningActivation, this)) _ending ??= deactivationReason;
        _scheduler.Add(new EndTurn(deactivationReason, cancellationToken, onlyIfIdle: false));
    }

    /// <summary>Asks the activation to end if it is still idle when its turn comes.</summary>
    public void Collect() => _scheduler.Add(new EndTurn(
        new DeactivationReason(DeactivationReasonCode.ActivationIdle, "No request came for longer than the idle age."), default, onlyIfIdle: true));

    public void DelayDeactivation(TimeSpan timeSpan)
    {
        var until = timeSpan <= TimeSpan.Zero ? 0 : timeSpan == TimeSpan.MaxValue ? long.MaxValue : _silo.Now + (long)timeSpan.TotalMilliseconds;
        Interlocked.Exchange(ref _keepUntil, until);
    }

    private static TaskCompletionSource MakeEnded()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private async Task ActivateAsync()
    {
        _state = ActivationState.Activating;
        try
        {
            Construct();
            if (_class.ActivatesItself) await ActivateInstanceAsync();
        }
        catch (Exception fault)
        {
            LogActivationFailed(_silo.Log, GrainId, fault);
            Die(fault);
            return;
        }

        _state = ActivationState.Active;
        _lastUse = _silo.Now;
        _silo.Idle.Add(this);
        if (_ending is not null) EndWhenQuiet();
        else BeginWaiting();
    }

    private void Construct()
    {
        ConstructionScope.Current = this;
        try
        {
            _instance = _class.Create(_silo.Services);
        }
        finally
        {
            ConstructionScope.Current = null;
        }
    }

    private async Task ActivateInstanceAsync()
    {
        using var limit = new CancellationTokenSource(_silo.Options.ActivationTimeout, _silo.Options.Clock);
        await _instance!.OnActivateAsync(limit.Token);
    }

    private void End(EndTurn end)
    {
        if (_state is ActivationState.Deactivating or ActivationState.Dead) return;
        if (_ending is null && end.OnlyIfIdle && (_admission.Running > 0 || IdleDue > _silo.Now))
        {
            _silo.Idle.Add(this);
            return;
        }

        _ending ??= end.Reason;
        _cut = end.Cut;
        if (_state == ActivationState.New) Die(fault: null);
        else EndWhenQuiet();
    }

    private void EndWhenQuiet()
    {
        if (_state == ActivationState.Active && _admission.Running == 0) _ = DeactivateAsync();
    }

    private async Task DeactivateAsync()
    {
        _state = ActivationState.Deactivating;
        StopTimers();
        try
        {
            if (_class.DeactivatesItself) await DeactivateInstanceAsync();
            if (_instance is IAsyncDisposable later) await later.DisposeAsync();
            else if (_instance is IDisposable now) now.Dispose();
        }
        catch (Exception fault)
        {
            LogDeactivationFailed(_silo.Log, GrainId, fault);
        }

        Die(fault: null);
    }

    private async Task DeactivateInstanceAsync()
    {
        using var limit = new CancellationTokenSource(_silo.Options.DeactivationTimeout, _silo.Options.Clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _cut);
        var task = _instance!.OnDeactivateAsync(_ending!.Value, both.Token);
        await task.WaitAsync(both.Token);
    }

    /// <summary>The end. Requests that wait get the fault of a failed activation, or go to the next activation.</summary>
    private void Die(Exception? fault)
    {
        _state = ActivationState.Dead;
        StopTimers();
        _silo.Remove(this);
        while (_admission.Release(_class) is { } turn)
        {
            if (fault is not null && turn is GrainRequest request) GrainSilo.Fail(request, fault);
            else PassOn(turn);
        }

        Interlocked.CompareExchange(ref _deactivated, AlreadyEnded, null)?.TrySetResult();
    }
}
