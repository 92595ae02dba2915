using System.Collections.Immutable;
using System.Numerics;

namespace Control.Contracts.Runtime;

/// <summary>
/// Histograms of durations of calls, which can be added up across silos. Bucket 0 holds durations below 1 µs, bucket n those
/// from 2^(n-1) up to 2^n µs, the last one all that are longer (from 33.6 s on, more than a call may take).
/// </summary>
public static class CallLatency
{
    /// <summary>Number of buckets.</summary>
    public const int Buckets = 27;

    /// <summary>The bucket that a duration belongs to; durations below zero belong to the first.</summary>
    public static int BucketOf(TimeSpan duration)
    {
        var microseconds = duration.Ticks / TimeSpan.TicksPerMicrosecond;
        return microseconds <= 0 ? 0 : Math.Min(BitOperations.Log2((ulong)microseconds) + 1, Buckets - 1);
    }

    /// <summary>
    /// The duration, in milliseconds, within which a share of the calls ended. Within its bucket it is taken from the place of
    /// the call among those there, so it is at most twice too high and at most half too low.
    /// </summary>
    /// <param name="counts">Calls per bucket; missing ones at the end count as 0.</param>
    /// <param name="share">0 to 1, such as 0.99.</param>
    /// <returns>Null when there are no calls.</returns>
    public static double? Percentile(ImmutableArray<long> counts, double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        var total = counts.IsDefault ? 0 : counts.Sum();
        if (total <= 0) return null;
        var rank = Math.Max(1, Math.Ceiling(share * total));
        var bucket = 0;
        for (; rank > counts[bucket]; bucket++) rank -= counts[bucket];
        var (low, high) = (Low(bucket), Low(bucket + 1));
        return Math.Round((low + ((high - low) * rank / counts[bucket])) / 1000, 4);
    }

    /// <summary>Adds histograms up.</summary>
    public static ImmutableArray<long> Sum(IEnumerable<ImmutableArray<long>> histograms)
    {
        var sum = new long[Buckets];
        foreach (var counts in histograms.Where(counts => !counts.IsDefault))
        {
            for (var i = 0; i < Math.Min(counts.Length, Buckets); i++) sum[i] += counts[i];
        }

        return [.. sum];
    }

    // In microseconds.
    private static double Low(int bucket) => bucket == 0 ? 0 : Math.ScaleB(1, bucket - 1);
}
