using System.Runtime.CompilerServices;

namespace Control.Silo.Statistics;

/// <summary>
/// A count that many threads change: each processor has a part of its own, in a cache line of its own, so that two seldom meet.
/// </summary>
internal sealed class ProcessorCount
{
    private const int Line = 8;

    private static readonly int Mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Environment.ProcessorCount) - 1;

    // The first line is empty: before it lies the array's length, which everybody reads.
    private readonly long[] _parts = new long[(Mask + 2) * Line];

    /// <summary>The sum. While others change it, a moment's sum, possibly of no moment that was.</summary>
    public long Value
    {
        get
        {
            var sum = 0L;
            for (var i = Line; i < _parts.Length; i += Line) sum += Volatile.Read(ref _parts[i]);
            return sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(long change) => Interlocked.Add(ref _parts[((Thread.GetCurrentProcessorId() & Mask) + 1) * Line], change);
}
