using Control.Runtime.Calls;
using Control.Runtime.Silo;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Activations;

/// <summary>One grain in memory: its instance, its requests and its turns.</summary>
internal sealed partial class Activation : IGrainActivation
{
    private readonly GrainSilo _silo;
    private readonly GrainClass _class;
    private readonly TurnScheduler _scheduler;
    private Admission _admission;
    private ActivationState _state;
    private Grain? _instance;
    private GrainReference? _reference;

    public Activation(GrainSilo silo, GrainClass grainClass, GrainId grainId)
    {
        _silo = silo;
        _class = grainClass;
        GrainId = grainId;
        _scheduler = new TurnScheduler(this);
        _lastUse = silo.Now;
    }

    public GrainId GrainId { get; }

    public GrainReference GrainReference => _reference ??= new ActivationReference(new GrainTarget(GrainId, _silo));

    public object? GrainInstance => _instance;

    public IServiceProvider ActivationServices => _silo.Services;

    public GrainClass Class => _class;

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => GrainId.GetHashCode();

    /// <summary>Takes a request in; when too many wait already, it fails.</summary>
    public void Receive(GrainRequest request)
    {
        var waiting = _scheduler.Queued + _admission.Waiting;
        if (waiting >= _silo.Options.MaxQueuedRequests)
        {
            GrainSilo.Fail(request, new LimitExceededException("The number of waiting requests", waiting, _silo.Options.MaxQueuedRequests, GrainId));
            return;
        }

        _scheduler.Add(request);
    }

    public void Add(Turn turn) => _scheduler.Add(turn);

    /// <summary>Runs one turn. Called by the scheduler, never by two threads at once.</summary>
    public void Run(Turn turn)
    {
        try
        {
            switch (turn)
            {
                case EndTurn end:
                    End(end);
                    break;
                case CancelTurn cancel:
                    cancel.Request.Cancellation?.Callee.Cancel();
                    break;
                default:
                    Admit(turn);
                    break;
            }
        }
        catch (Exception fault)
        {
            // Such as a callback on the callee's token that throws. The mailbox must go on.
            LogTurnFailed(_silo.Log, GrainId, fault);
        }
    }

    private void Admit(Turn turn)
    {
        var mixing = _class.MixingOf(turn);
        if (_state == ActivationState.Dead) PassOn(turn);
        else if (_state == ActivationState.Active && _ending is null && _admission.TryBegin(mixing)) Begin(turn, mixing);
        else _admission.Hold(turn, mixing);

        if (_state == ActivationState.New) _ = ActivateAsync();
    }

    private void BeginWaiting()
    {
        while (_state == ActivationState.Active && _ending is null && _admission.Next(_class) is { } turn) Begin(turn, _class.MixingOf(turn));
    }

    private void Begin(Turn turn, CallMixing mixing)
    {
        if (turn is GrainTimer timer)
        {
            _ = TickAsync(timer, mixing);
            return;
        }

        var request = (GrainRequest)turn;
        if (request.Answer.IsCompleted)
        {
            // Timed out or cancelled while it waited; nobody wants the answer.
            Ended(mixing);
            GoOn();
            return;
        }

        var task = Start(request);
        if (task.IsCompleted) Finish(request, task, mixing);
        else _ = FinishLaterAsync(request, task, mixing);
    }

    private Task Start(GrainRequest request)
    {
        if (request.Context is not null) RequestContext.Snapshot = request.Context;
        if (request.Activity is not null) System.Diagnostics.Activity.Current = request.Activity;
        try
        {
            return _silo.IncomingFilters.Length == 0 && !_class.Filters
                ? request.CallAsync(_instance!)
                : new IncomingCall(request, this, _silo.IncomingFilters).RunAsync();
        }
        catch (Exception fault)
        {
            return Task.FromException(fault);
        }
    }

    private async Task FinishLaterAsync(GrainRequest request, Task task, CallMixing mixing)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Finish(request, task, mixing);
    }

    private void Finish(GrainRequest request, Task task, CallMixing mixing)
    {
        // In this order: who has the answer may rely on the request having ended.
        Ended(mixing);
        GrainSilo.Answer(request, task);
        GoOn();
    }

    private void Ended(CallMixing mixing, bool isUse = true)
    {
        _admission.End(mixing);
        if (isUse) _lastUse = _silo.Now;
    }

    private void GoOn()
    {
        if (_ending is not null) EndWhenQuiet();
        else if (_admission.Waiting > 0) BeginWaiting();
    }

    // After the end: requests go to the next activation, timers have nothing to tick for.
    private void PassOn(Turn turn)
    {
        if (turn is GrainRequest request) _silo.Deliver(request);
    }
}
