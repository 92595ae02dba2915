using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Control.Storage.Signals;

/// <summary>
/// Wakes readers in this process after a subject changed durably, and tells relays, which wake those in others. A hint only:
/// it carries nothing and may be lost, so every reader also re-reads on a heartbeat.
/// </summary>
public sealed class ChangeSignal
{
    private readonly ConcurrentDictionary<SubjectKey, ImmutableArray<Subscription>> _subscriptions = new();
    private readonly ILogger<ChangeSignal> _logger;
    private ImmutableArray<Action<SubjectKey>> _relays = [];

    /// <summary>A signal without subscribers.</summary>
    public ChangeSignal(ILogger<ChangeSignal> logger) => _logger = logger;

    /// <summary>Subjects with at least one subscriber.</summary>
    internal int SubjectCount => _subscriptions.Count;

    /// <summary>
    /// Calls <paramref name="onChange"/> on the thread pool after each change until disposed. Changes that come while a
    /// call is due or under way are joined into one further call; calls of one subscription never overlap.
    /// </summary>
    public IDisposable Subscribe(SubjectKey subject, Action onChange)
    {
        var subscription = new Subscription(this, subject, onChange, _logger);
        _subscriptions.AddOrUpdate(subject, _ => [subscription], (_, others) => others.Add(subscription));
        return subscription;
    }

    /// <summary>
    /// Calls <paramref name="relay"/> with every subject that this process changed, on the writer's thread, until disposed: it
    /// must return at once and not throw.
    /// </summary>
    public IDisposable RelayTo(Action<SubjectKey> relay)
    {
        ImmutableInterlocked.Update(ref _relays, relays => relays.Add(relay));
        return new Relay(this, relay);
    }

    /// <summary>Wakes the subject's subscribers, tells the relays; returns at once.</summary>
    internal void Raise(SubjectKey subject)
    {
        Wake(subject);
        foreach (var relay in _relays)
            relay(subject);
    }

    /// <summary>Wakes the subject's subscribers after a change in another process; returns at once.</summary>
    public void Wake(SubjectKey subject)
    {
        if (!_subscriptions.TryGetValue(subject, out var subscriptions))
            return;
        foreach (var subscription in subscriptions)
            subscription.Wake();
    }

    /// <summary>Ends a subscription; the last one takes the subject's entry with it.</summary>
    internal void Remove(SubjectKey subject, Subscription subscription)
    {
        while (_subscriptions.TryGetValue(subject, out var present))
        {
            var rest = present.Remove(subscription);
            if (rest == present)
                return;
            var done = rest.IsEmpty
                ? _subscriptions.TryRemove(KeyValuePair.Create(subject, present))
                : _subscriptions.TryUpdate(subject, rest, present);
            if (done)
                return;
        }
    }

    private sealed class Relay(ChangeSignal signal, Action<SubjectKey> relay) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref signal._relays, relays => relays.Remove(relay));
    }
}
