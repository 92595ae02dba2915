using Control.Engine.Runtime;

namespace Control.Engine.Tests.Runtime;

public sealed class SiloWatchTests
{
    private readonly SiloWatch _watch = new(TimeSpan.FromSeconds(20));

    [Fact]
    public void Look_VersionThatStays_SilentOnceTheTimeIsOver()
    {
        Assert.Empty(Look(100, ("a", 7)));
        Assert.Empty(Look(119.9, ("a", 7)));
        Assert.Equal(["a"], Look(120, ("a", 7)));
        Assert.Equal(["a"], Look(125, ("a", 7)));
    }

    [Fact]
    public void Look_VersionThatChanges_IsNeverSilent()
    {
        for (var second = 0; second < 100; second += 19) Assert.Empty(Look(second, ("a", second)));
    }

    [Fact]
    public void Look_SeveralRows_EachByItself()
    {
        Look(0, ("a", 1), ("b", 1));
        Look(15, ("a", 1), ("b", 2), ("c", 1));
        Assert.Equal(["a"], Look(20, ("a", 1), ("b", 2), ("c", 1)));
        Assert.Equal(["a", "b", "c"], Look(35, ("a", 1), ("b", 2), ("c", 1)).Order());
    }

    [Fact]
    public void Look_RowThatWasLeftOut_BeginsAnew()
    {
        Look(0, ("a", 1));
        Look(10);
        Assert.Empty(Look(20, ("a", 1)));
        Assert.Equal(["a"], Look(40, ("a", 1)));
    }

    private IEnumerable<string> Look(double seconds, params (string Key, long Version)[] rows) =>
        _watch.Look(rows.Select(row => KeyValuePair.Create(row.Key, row.Version)), TimeSpan.FromSeconds(seconds));
}
