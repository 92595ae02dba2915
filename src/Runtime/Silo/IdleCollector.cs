using Control.Runtime.Activations;

namespace Control.Runtime.Silo;

/// <summary>
/// Finds idle activations without looking at all of them: each hangs in the bucket of the time when it may become idle,
/// is looked at then, and moves to a later bucket if it was used since. So an activation costs one look per idle age.
/// </summary>
internal sealed class IdleCollector(Func<long> now)
{
    private const long BucketMilliseconds = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, IdleBucket> _buckets = [];
    private long _looked = now() / BucketMilliseconds;

    /// <summary>Watches an activation, or watches it anew after it was found in use.</summary>
    public void Add(Activation activation)
    {
        // Rounded up: never too early. At least the bucket after the one looked at last.
        var due = activation.IdleDue / BucketMilliseconds;
        lock (_gate)
        {
            Unlink(activation);
            var bucket = Bucket(Math.Max(due, _looked) + 1);
            activation.Idle = new IdleSlot { Bucket = bucket, Next = bucket.First };
            if (bucket.First is { } first) first.Idle.Previous = activation;
            bucket.First = activation;
        }
    }

    /// <summary>Watches an activation no longer.</summary>
    public void Remove(Activation activation)
    {
        lock (_gate) Unlink(activation);
    }

    /// <summary>Asks those that are idle to end.</summary>
    public void Look()
    {
        foreach (var activation in TakeDue())
        {
            if (activation.IdleDue <= now()) activation.Collect();
            else Add(activation);
        }
    }

    private List<Activation> TakeDue()
    {
        var due = new List<Activation>();
        lock (_gate)
        {
            for (var last = now() / BucketMilliseconds; _looked < last; _looked++)
            {
                if (!_buckets.Remove(_looked + 1, out var bucket)) continue;
                while (bucket.First is { } activation)
                {
                    Unlink(activation);
                    due.Add(activation);
                }
            }
        }

        return due;
    }

    private IdleBucket Bucket(long index)
    {
        if (_buckets.TryGetValue(index, out var bucket)) return bucket;
        return _buckets[index] = new IdleBucket();
    }

    private static void Unlink(Activation activation)
    {
        ref var slot = ref activation.Idle;
        if (slot.Bucket is null) return;
        if (slot.Previous is null) slot.Bucket.First = slot.Next;
        else slot.Previous.Idle.Next = slot.Next;
        if (slot.Next is not null) slot.Next.Idle.Previous = slot.Previous;
        slot = default;
    }
}
