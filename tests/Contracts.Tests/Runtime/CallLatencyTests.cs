using System.Collections.Immutable;
using Control.Contracts.Runtime;

namespace Control.Contracts.Tests.Runtime;

public sealed class CallLatencyTests
{
    [Theory]
    [InlineData(-5, 0)]
    [InlineData(0, 0)]
    [InlineData(0.9, 0)]
    [InlineData(1, 1)]
    [InlineData(1.9, 1)]
    [InlineData(2, 2)]
    [InlineData(3.9, 2)]
    [InlineData(1000, 10)]
    [InlineData(33_554_431, 25)]
    [InlineData(33_554_432, 26)]
    [InlineData(1e12, 26)]
    public void BucketOf_EveryDuration_LiesInItsBucket(double microseconds, int bucket) =>
        Assert.Equal(bucket, CallLatency.BucketOf(TimeSpan.FromMicroseconds(microseconds)));

    [Fact]
    public void Percentile_WithoutCalls_IsNull()
    {
        Assert.Null(CallLatency.Percentile([], 0.5));
        Assert.Null(CallLatency.Percentile(default, 0.5));
        Assert.Null(CallLatency.Percentile([0, 0], 0.99));
    }

    // 90 calls of 1 to 2 µs and 10 of 512 to 1024 µs.
    [Theory]
    [InlineData(0, 0.0010)]
    [InlineData(0.45, 0.0015)]
    [InlineData(0.90, 0.0020)]
    [InlineData(0.95, 0.768)]
    [InlineData(1, 1.024)]
    public void Percentile_OfTwoBuckets_IsAtItsPlaceInTheRightOne(double share, double milliseconds)
    {
        ImmutableArray<long> counts = [0, 90, 0, 0, 0, 0, 0, 0, 0, 0, 10];
        Assert.Equal(milliseconds, CallLatency.Percentile(counts, share)!.Value, 0.00002);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Percentile_OfARandomSample_IsRightToAFactorOfTwo(int seed)
    {
        var random = new Random(seed);
        var sample = Enumerable.Range(0, 5000).Select(_ => TimeSpan.FromMicroseconds(Math.Exp(random.NextDouble() * 14) + 1)).Order().ToArray();
        var counts = new long[CallLatency.Buckets];
        foreach (var duration in sample) counts[CallLatency.BucketOf(duration)]++;
        foreach (var share in new[] { 0.01, 0.5, 0.9, 0.99, 1 })
        {
            var exact = sample[(int)Math.Ceiling(share * sample.Length) - 1].TotalMilliseconds;
            Assert.InRange(CallLatency.Percentile([.. counts], share)!.Value, exact / 2, exact * 2);
        }
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public void Percentile_ShareOutOfRange_Refused(double share) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CallLatency.Percentile([1], share));

    [Fact]
    public void Sum_OfShortAndMissingHistograms_AddsThem()
    {
        var sum = CallLatency.Sum([[1, 2], default, [0, 0, 5]]);
        Assert.Equal([1, 2, 5], sum[..3].AsEnumerable());
        Assert.Equal(CallLatency.Buckets, sum.Length);
    }
}
