using System.Globalization;
using Control.Runtime.Clustering;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Embedded.Clustering;

public sealed class ClusterViewTests
{
    private static readonly GrainId[] Grains = [.. Enumerable.Range(0, 30_000)
        .Select(i => GrainId.Create("run", string.Create(CultureInfo.InvariantCulture, $"team/app/{i}")))];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void PlaceOf_ManyGrains_SpreadsThemEvenly(int silos)
    {
        var view = View(silos);
        var counts = Grains.CountBy(grain => view.PlaceOf(grain)!).Select(pair => pair.Value).ToArray();
        Assert.Equal(silos, counts.Length);
        Assert.InRange((double)counts.Max() / counts.Average(), 1, 1.05);
    }

    [Fact]
    public void PlaceOf_MemberGone_MovesOnlyItsOwn()
    {
        var before = View(5);
        var gone = before.Members[2].Id;
        var after = before.Without(gone);
        Assert.All(Grains, grain => Assert.True(before.PlaceOf(grain) == gone || before.PlaceOf(grain) == after.PlaceOf(grain)));
        Assert.DoesNotContain(Grains, grain => after.PlaceOf(grain) == gone);
    }

    [Fact]
    public void PlaceOf_MemberLeaving_IsNoPlaceButAMember()
    {
        var before = View(3);
        var leaving = before.Members[0].Id;
        var after = before.With(new SiloMember(leaving, IsLeaving: true));
        Assert.True(after.Contains(leaving));
        Assert.False(after.IsPlace(leaving));
        Assert.DoesNotContain(Grains, grain => after.PlaceOf(grain) == leaving);
    }

    [Fact]
    public void PlaceOf_MemberThatIsAGuest_GetsNoGrain()
    {
        var before = View(2);
        var guest = new SiloMember(new SiloId("10.0.0.9:11111", 9), IsLeaving: false, IsGuest: true);
        var after = ClusterView.Parse(before.With(guest).ToJson())!;
        Assert.True(after.Contains(guest.Id));
        Assert.False(after.IsPlace(guest.Id));
        Assert.All(Grains, grain => Assert.Equal(before.PlaceOf(grain), after.PlaceOf(grain)));
    }

    // What the version before wrote has no word on guests.
    [Fact]
    public void Parse_MemberOfAnEarlierVersion_IsAPlace()
    {
        var view = ClusterView.Parse("""{"Version":4,"Members":[{"Endpoint":"10.0.0.1:11111","Generation":2,"IsLeaving":false}]}""")!;
        Assert.True(view.IsPlace(new SiloId("10.0.0.1:11111", 2)));
    }

    [Fact]
    public void With_SameEndpointAgain_ReplacesTheEarlierLife()
    {
        var view = View(2).With(new SiloMember(new SiloId("10.0.0.1:11111", 9), false));
        Assert.Equal(2, view.Members.Length);
        Assert.Contains(view.Members, member => member.Id.Generation == 9);
    }

    [Fact]
    public void Json_RoundTrip_KeepsAll()
    {
        var view = View(3).With(new SiloMember(new SiloId("10.0.0.9:1", 7), true));
        var read = ClusterView.Parse(view.ToJson())!;
        Assert.Equal(view.Version, read.Version);
        Assert.Equal(view.Members.AsEnumerable(), read.Members);
        Assert.All(Grains.Take(1000), grain => Assert.Equal(view.PlaceOf(grain), read.PlaceOf(grain)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public void Parse_Nonsense_IsNoView(string text) => Assert.Null(ClusterView.Parse(text));

    // The places are on the wire: two versions must agree on them.
    [Fact]
    public void PlaceOf_KnownGrain_NeverChanges() =>
        Assert.Equal("10.0.0.1:11111@1", View(3).PlaceOf(GrainId.Create("run", "team/app/1"))!.ToString());

    private static ClusterView View(int silos) =>
        new(silos, [.. Enumerable.Range(1, silos).Select(i => new SiloMember(new SiloId($"10.0.0.{i}:11111", i), false))]);
}
