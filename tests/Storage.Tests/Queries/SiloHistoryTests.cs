using Control.Contracts;
using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Runtime;
using Control.Storage.Commits;
using Control.Storage.Queries.Runtime;

namespace Control.Storage.Tests.Queries;

public sealed class SiloHistoryTests : IDisposable
{
    private readonly TestStore _test = new();

    private SiloHistory History => new(_test.Store);

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task ReadAsync_SeveralSilos_NewestFirstInPages()
    {
        await CommitAsync("a", 0, ("silo.joined", 1), ("silo.left", 5));
        await CommitAsync("b", 0, ("silo.joined", 3), ("silo.lost", 5));
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("w/p/1"), 0) with { Events = [Make.Event()] });

        var first = await History.ReadAsync(null, 3);
        var second = await History.ReadAsync(first.NextCursor, 3);

        Assert.Equal(["b silo.lost", "a silo.left", "b silo.joined"], first.Items.Select(item => $"{item.Silo} {item.Event}"));
        Assert.Equal(["a silo.joined"], second.Items.Select(item => $"{item.Silo} {item.Event}"));
        Assert.Null(second.NextCursor);
        Assert.Equal(new SiloEventView("a", "host", "10.0.0.1:1", "silo.joined", Make.Noon.AddMinutes(1), Make.Noon, "b"), second.Items[0]);
    }

    [Fact]
    public async Task ReadAsync_DeletedSilo_KeepsItsLastEvent()
    {
        await CommitAsync("a", 0, ("silo.joined", 1), ("silo.lost", 5));
        var row = Make.Commit(Make.Key("a", SubjectKinds.Silo), 1);
        await _test.Commits.CommitAsync(row with { Index = row.Index with { Deleted = true } });
        await _test.Commits.PurgeAsync(row.Subject);
        Assert.Equal("silo.lost", Assert.Single((await History.ReadAsync(null, 10)).Items).Event);
    }

    [Fact]
    public async Task ReadAsync_BadCursorOrLimit_Refused()
    {
        Assert.Equal("bad-cursor", (await Assert.ThrowsAsync<ControlException>(() => History.ReadAsync("x", 10))).Code);
        Assert.Equal("bad-limit", (await Assert.ThrowsAsync<ControlException>(() => History.ReadAsync(null, 0))).Code);
    }

    [Fact]
    public async Task SilosAsync_Rows_HeadsOfThoseThatAreNotDeleted()
    {
        await CommitAsync("a", 0, ("silo.joined", 1));
        await CommitAsync("a", 1);
        await CommitAsync("b", 0, ("silo.joined", 1));
        var gone = Make.Commit(Make.Key("b", SubjectKinds.Silo), 1);
        await _test.Commits.CommitAsync(gone with { Index = gone.Index with { Deleted = true } });
        var head = Assert.Single(await _test.Store.Work.SilosAsync());
        Assert.Equal(("a", 2, "running"), (head.Key, head.Version, head.State));
    }

    private Task CommitAsync(string silo, long version, params (string Type, int Minute)[] events)
    {
        var data = ContractJson.Write(new SiloChange("host", "10.0.0.1:1", Make.Noon, "b"));
        return _test.Commits.CommitAsync(Make.Commit(Make.Key(silo, SubjectKinds.Silo), version) with
        {
            Events = [.. events.Select(item => new NewEvent(item.Type, Make.Noon.AddMinutes(item.Minute), Actor.System, data))],
        });
    }
}
