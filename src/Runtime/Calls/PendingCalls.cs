using System.Collections.Concurrent;

namespace Control.Runtime.Calls;

/// <summary>
/// The calls that wait for an answer, and their timeouts. Calls of one timeout fall due in the order they were made, so
/// each timeout has queues of its own and a look at their heads finds all that are due: no timer and no search per call.
/// </summary>
internal sealed class PendingCalls
{
    private readonly ConcurrentDictionary<long, Lane> _lanes = new();
    private readonly Lane _usual;
    private readonly long _usualTimeout;

    /// <param name="usualTimeout">The timeout of most calls, in milliseconds.</param>
    public PendingCalls(long usualTimeout)
    {
        _usualTimeout = usualTimeout;
        _usual = _lanes.GetOrAdd(usualTimeout, static _ => new Lane());
    }

    /// <summary>How many calls wait.</summary>
    public int Count => _lanes.Values.Sum(lane => lane.Count);

    /// <summary>Adds a call.</summary>
    /// <param name="request">The call.</param>
    /// <param name="now">The silo's milliseconds.</param>
    /// <param name="timeout">In milliseconds.</param>
    public void Add(GrainRequest request, long now, long timeout)
    {
        request.Pending.Due = now + timeout;
        var lane = timeout == _usualTimeout ? _usual : _lanes.GetOrAdd(timeout, static _ => new Lane());
        lane.Add(request);
    }

    /// <summary>Removes a call; nothing happens when it was removed before.</summary>
    public static void Remove(GrainRequest request) => (request.Pending.List as Stripe)?.Remove(request);

    /// <summary>Removes and gives the calls that are due.</summary>
    public List<GrainRequest> TakeDue(long now)
    {
        var due = new List<GrainRequest>();
        foreach (var lane in _lanes.Values) lane.TakeDue(now, due);
        return due;
    }

    private sealed class Lane
    {
        // A call takes the queue of the processor it is made on: two callers seldom meet at a lock.
        private readonly Stripe[] _stripes =
            [.. Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount) * 2).Select(_ => new Stripe())];

        public int Count => _stripes.Sum(stripe => stripe.Count);

        public void Add(GrainRequest request) =>
            _stripes[(uint)Thread.GetCurrentProcessorId() % (uint)_stripes.Length].Add(request);

        public void TakeDue(long now, List<GrainRequest> due)
        {
            foreach (var stripe in _stripes) stripe.TakeDue(now, due);
        }
    }

    private sealed class Stripe
    {
        private readonly Lock _gate = new();
        private GrainRequest? _first;
        private GrainRequest? _last;

        public int Count { get; private set; }

        public void Add(GrainRequest request)
        {
            lock (_gate)
            {
                request.Pending.List = this;
                request.Pending.Previous = _last;
                if (_last is null) _first = request;
                else _last.Pending.Next = request;
                _last = request;
                Count++;
            }
        }

        public void Remove(GrainRequest request)
        {
            lock (_gate) Unlink(request);
        }

        public void TakeDue(long now, List<GrainRequest> due)
        {
            lock (_gate)
            {
                while (_first is { } request && request.Pending.Due <= now)
                {
                    Unlink(request);
                    due.Add(request);
                }
            }
        }

        private void Unlink(GrainRequest request)
        {
            ref var slot = ref request.Pending;
            if (!ReferenceEquals(slot.List, this)) return;
            if (slot.Previous is null) _first = slot.Next;
            else slot.Previous.Pending.Next = slot.Next;
            if (slot.Next is null) _last = slot.Previous;
            else slot.Next.Pending.Previous = slot.Previous;
            slot = default;
            Count--;
        }
    }
}
