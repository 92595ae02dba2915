using System.Collections.Concurrent;
using System.Diagnostics;
using Control.Runtime.Activations;
using Control.Runtime.Calls;
using Control.Runtime.Clustering;
using Control.Runtime.Codecs;
using Control.Runtime.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Silo;

/// <summary>
/// Holds the activations of this process and carries calls to them. <see cref="Deliver"/> is where a call takes the way to
/// its grain: every call and every call passed on goes through it.
/// </summary>
internal sealed partial class GrainSilo : IGrainRouter, IGrainFactory
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private readonly GrainClasses _classes;
    private readonly PendingCalls _calls;
    private readonly IOutgoingGrainCallFilter[] _outgoing;
    private readonly Cluster? _cluster;

    public GrainSilo(
        IServiceProvider services, GrainRuntimeOptions options, GrainClasses classes, PendingCalls calls,
        IEnumerable<IIncomingGrainCallFilter> incoming, IEnumerable<IOutgoingGrainCallFilter> outgoing, ILogger<GrainSilo> log,
        Cluster? cluster = null)
    {
        Services = services;
        Options = options;
        Log = log;
        IncomingFilters = [.. incoming];
        _classes = classes;
        _calls = calls;
        _cluster = cluster;
        _outgoing = [.. outgoing];
        _begin = options.Clock.GetTimestamp();
        Idle = new IdleCollector(() => Now);
    }

    public IServiceProvider Services { get; }

    public GrainRuntimeOptions Options { get; }

    public ILogger Log { get; }

    public IIncomingGrainCallFilter[] IncomingFilters { get; }

    public IdleCollector Idle { get; }

    /// <summary>The silo's cluster; null when it is alone.</summary>
    public Cluster? Cluster => _cluster;

    public ICollection<Activation> Activations => _activations.Values;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrEmpty(primaryKey);
        var grainClass = _classes.Implementation(typeof(TGrainInterface), grainClassNamePrefix);
        return GetReference<TGrainInterface>(GrainId.Create(grainClass.GrainType, primaryKey));
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => GetReference<TGrainInterface>(grainId);

    public TGrainInterface GetReference<TGrainInterface>(GrainId grainId) =>
        (TGrainInterface)(object)_classes.InterfaceOf(typeof(TGrainInterface)).Refer(new GrainTarget(grainId, this));

    public Task<TResult> Call<TResult>(GrainRequest<TResult> request)
    {
        try
        {
            request.CopyArguments();
            return _outgoing.Length == 0 ? Send(request) : new OutgoingCall<TResult>(request, this, _outgoing).RunAsync();
        }
        catch (Exception fault)
        {
            return Task.FromException<TResult>(fault);
        }
    }

    /// <summary>Sends a call whose arguments are copied.</summary>
    public Task<TResult> Send<TResult>(GrainRequest<TResult> request)
    {
        request.Source = TurnScheduler.RunningActivation;
        request.Context = RequestContext.Snapshot;
        request.Activity = Activity.Current;
        if (Refusal(request) is { } refusal) return Task.FromException<TResult>(refusal);
        if (request.Token.IsCancellationRequested) return Task.FromCanceled<TResult>(request.Token);
        _calls.Add(request, Now, TimeoutOf(request));
        if (request.Token.CanBeCanceled) FollowToken(request);
        Deliver(request);
        return request.TypedAnswer;
    }

    /// <summary>
    /// Brings a call to the activation of its grain: the one here, or the silo's where the grain lives; it is made when there is
    /// none.
    /// </summary>
    public void Deliver(GrainRequest request)
    {
        var grainId = request.Target.GrainId;
        if (_activations.TryGetValue(grainId, out var activation)) activation.Receive(request);
        else if (_cluster?.TryCarry(request) != true && TryAdd(request, grainId, out activation)) activation.Receive(request);
    }

    /// <summary>Takes a call from another silo in.</summary>
    public void Receive(GrainRequest request, long timeout)
    {
        if (Refusal(request) is { } refusal)
        {
            Fail(request, refusal);
            return;
        }

        _calls.Add(request, Now, timeout);
        Deliver(request);
    }

    /// <summary>Nobody waits for the answer of a call from another silo any more.</summary>
    public void Abandon(GrainRequest request)
    {
        if (!request.TryCancel(default)) return;
        Forget(request);
        CancelCallee(request);
    }

    public bool Has(GrainId grainId) => _activations.ContainsKey(grainId);

    /// <summary>How long a call's caller still waits, in milliseconds.</summary>
    public long TimeLeft(GrainRequest request) => request.Pending.Due - Now;

    /// <summary>Gives a call the outcome of its method.</summary>
    public static void Answer(GrainRequest request, Task task)
    {
        if (Complete(request, task)) Forget(request);
    }

    /// <summary>Gives a call the outcome that another silo wrote.</summary>
    public static void Answer(GrainRequest request, ref WireReader reader)
    {
        if (request.TryComplete(ref reader)) Forget(request);
    }

    /// <summary>Ends a call as cancelled.</summary>
    public static void Cancel(GrainRequest request)
    {
        if (request.TryCancel(default)) Forget(request);
    }

    /// <summary>Gives a call a fault.</summary>
    public static void Fail(GrainRequest request, Exception fault)
    {
        if (request.TryFail(fault)) Forget(request);
    }

    /// <summary>Forgets an activation that has ended.</summary>
    public void Remove(Activation activation)
    {
        Idle.Remove(activation);
        if (_activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation))) activation.Class.Count(-1);
    }

    private static bool Complete(GrainRequest request, Task task)
    {
        if (task.IsCanceled) return request.TryCancel(default);
        if (task.IsFaulted) return request.TryFail(task.Exception.InnerException!);
        try
        {
            request.TakeResult(task);
            return request.TryComplete();
        }
        catch (Exception fault)
        {
            // The result could not be copied.
            return request.TryFail(fault);
        }
    }

    private static void Forget(GrainRequest request)
    {
        PendingCalls.Remove(request);
        request.Cancellation?.Registration.Unregister();
    }

    private bool TryAdd(GrainRequest request, GrainId grainId, out Activation activation)
    {
        activation = null!;
        if (_phase != SiloPhase.Running)
        {
            Fail(request, Unavailable());
            return false;
        }

        try
        {
            var made = new Activation(this, _classes.ClassOf(grainId.Type), grainId);
            activation = _activations.GetOrAdd(grainId, made);
            if (ReferenceEquals(activation, made)) made.Class.Count(1);
            // The view may have changed, and its change not have seen this one.
            if (_cluster is { } cluster && cluster.View.PlaceOf(grainId) != cluster.Self) activation.Deactivate(Cluster.Moved);
            return true;
        }
        catch (ArgumentException fault)
        {
            Fail(request, fault);
            return false;
        }
    }

    private long TimeoutOf(GrainRequest request) =>
        (long)(request.Method.ResponseTimeout ?? Options.ResponseTimeout).TotalMilliseconds;

    // The callee gets a token of its own, which is cancelled in its own turns.
    private void FollowToken(GrainRequest request)
    {
        var token = request.Token;
        var cancellation = new CallCancellation();
        request.Cancellation = cancellation;
        request.Token = cancellation.Callee.Token;
        cancellation.Registration = token.UnsafeRegister(
            static (state, token) =>
            {
                var (silo, request) = ((GrainSilo, GrainRequest))state!;
                if (!request.TryCancel(token)) return;
                PendingCalls.Remove(request);
                silo.CancelCallee(request);
            },
            (this, request));
    }

    private void CancelCallee(GrainRequest request)
    {
        if (request.Carrier is { } carrier) carrier.Cancel(request);
        else if (request.Cancellation is not null && _activations.TryGetValue(request.Target.GrainId, out var activation))
        {
            activation.Add(new CancelTurn(request));
        }
    }
}
