using System.Collections.Immutable;
using Control.Engine.Runtime;

namespace Control.Engine.Tests.Runtime;

public sealed class SpaceSavingTests
{
    public static TheoryData<int, int, double> Streams
    {
        get
        {
            var data = new TheoryData<int, int, double>();
            foreach (var seed in Enumerable.Range(1, 5))
            {
                foreach (var skew in new[] { 0, 0.8, 1.2, 2 })
                {
                    data.Add(seed, 16, skew);
                    data.Add(seed, 64, skew);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void Counts_OfASkewedStream_HoldThePaperBounds(int seed, int counters, double skew)
    {
        var (sketch, exact) = (new SpaceSaving<int>(counters), new Dictionary<int, long>());
        foreach (var key in Stream(seed, skew, 20_000))
        {
            sketch.Add(key);
            exact[key] = exact.GetValueOrDefault(key) + 1;
        }

        Assert.Equal(20_000, sketch.Total);
        Assert.Equal(20_000, sketch.Counts().Sum(one => one.Count));
        CheckBounds([.. sketch.Counts()], sketch.Unseen, exact, counters, 20_000);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void Merge_OfPartsOfAStream_HoldsTheBoundsOfTheWhole(int seed, int counters, double skew)
    {
        var exact = new Dictionary<int, long>();
        var parts = Enumerable.Range(0, 4).Select(_ => new SpaceSaving<int>(counters)).ToArray();
        var random = new Random(seed);
        foreach (var key in Stream(seed, skew, 20_000))
        {
            parts[random.Next(parts.Length)].Add(key);
            exact[key] = exact.GetValueOrDefault(key) + 1;
        }

        var merged = SpaceSaving<int>.Merge(parts);

        Assert.Equal(merged.OrderByDescending(one => one.Count).Select(one => one.Count), merged.Select(one => one.Count));
        CheckBounds(merged, parts.Sum(part => part.Unseen), exact, counters, 20_000);
    }

    [Fact]
    public void Counts_WithFewerKeysThanCounters_AreExact()
    {
        var sketch = new SpaceSaving<string>(3);
        foreach (var key in "a b a c a b".Split(' ')) sketch.Add(key);
        Assert.Equal([("a", 3L, 0L), ("b", 2, 0), ("c", 1, 0)], sketch.Counts().Select(one => (one.Key, one.Count, one.Error)));
        Assert.Equal(1, sketch.Unseen);
    }

    [Fact]
    public void Add_KeysOfOneHash_ToldApart()
    {
        var sketch = new SpaceSaving<Colliding>(4);
        for (var i = 0; i < 30; i++) sketch.Add(new Colliding(i % 3));
        Assert.All(sketch.Counts(), one => Assert.Equal((10, 0), (one.Count, one.Error)));
    }

    [Fact]
    public void Merge_OfNothing_IsEmpty() => Assert.Empty(SpaceSaving<int>.Merge([new SpaceSaving<int>(2), new SpaceSaving<int>(2)]));

    [Theory]
    [InlineData(0)]
    [InlineData(4097)]
    public void New_CountersOutOfRange_Refused(int counters) => Assert.Throws<ArgumentOutOfRangeException>(() => new SpaceSaving<int>(counters));

    private static void CheckBounds(ImmutableArray<Occurrences<int>> found, long unseen, Dictionary<int, long> exact, int counters, long total)
    {
        Assert.All(found, one =>
        {
            Assert.InRange(exact[one.Key], one.AtLeast, one.Count);
            Assert.InRange(one.Error, 0, total / counters);
        });
        var keys = found.Select(one => one.Key).ToHashSet();
        Assert.All(exact.Where(one => !keys.Contains(one.Key)), one => Assert.InRange(one.Value, 1, unseen));
        Assert.All(exact.Where(one => one.Value > total / counters), one => Assert.Contains(one.Key, keys));
    }

    // Keys 0 to 999, of which the n-th is as likely as n to the power of minus the skew.
    private static IEnumerable<int> Stream(int seed, double skew, int length)
    {
        var random = new Random(seed);
        var sums = new double[1000];
        for (var i = 0; i < sums.Length; i++) sums[i] = (i == 0 ? 0 : sums[i - 1]) + Math.Pow(i + 1, -skew);
        for (var i = 0; i < length; i++)
        {
            var at = Array.BinarySearch(sums, random.NextDouble() * sums[^1]);
            yield return Math.Min(at < 0 ? ~at : at, sums.Length - 1);
        }
    }

    private readonly record struct Colliding(int Value)
    {
        public override int GetHashCode() => 7;
    }
}
