using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Events;
using Control.Storage.Commits;

namespace Control.Storage.Tests.Queries;

public sealed class EventReaderTests : IDisposable
{
    private static readonly SubjectKey Run = Make.Key("w/p/1");

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task ReadAsync_Committed_EveryFieldAlike()
    {
        var by = new Actor(ActorKind.Token, "t1", "Änne");
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Events = [new NewEvent("run.created", Make.Noon.AddTicks(7), by, "{\"a\":1}")] });
        Assert.Equal(new EventView(1, "run.created", Make.Noon.AddTicks(7), by, "{\"a\":1}"), Assert.Single((await _test.Events.ReadAsync(Run, 0, 10)).Events));
    }

    [Fact]
    public async Task ReadAsync_Pages_ContinueAfterTheLast()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Events = [Make.Event(), Make.Event()] });
        await _test.Commits.CommitAsync(Make.Commit(Run, 1) with { Events = [Make.Event()] });
        Assert.Equal([1L, 2L], (await _test.Events.ReadAsync(Run, 0, 2)).Events.Select(item => item.Sequence));
        Assert.Equal([3L], (await _test.Events.ReadAsync(Run, 2, 2)).Events.Select(item => item.Sequence));
        Assert.Empty((await _test.Events.ReadAsync(Run, 3, 2)).Events);
    }

    [Fact]
    public async Task ReadAsync_Floor_IsTheOldestKept()
    {
        Assert.Equal(1, (await _test.Events.ReadAsync(Run, 0, 10)).Floor);
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Events = [Make.Event(), Make.Event(), Make.Event()] });
        Assert.Equal(1, (await _test.Events.ReadAsync(Run, 0, 10)).Floor);
        _test.Sql("DELETE FROM events WHERE seq < 3");
        Assert.Equal(3, (await _test.Events.ReadAsync(Run, 0, 10)).Floor);
        _test.Sql("DELETE FROM events");
        Assert.Equal(4, (await _test.Events.ReadAsync(Run, 0, 10)).Floor);
    }

    [Fact]
    public async Task ReadAsync_Newest_IsTheLastGiven()
    {
        Assert.Equal(0, (await _test.Events.ReadAsync(Run, 0, 10)).Newest);
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Events = [Make.Event(), Make.Event(), Make.Event()] });
        Assert.Equal(3, (await _test.Events.ReadAsync(Run, 7, 1)).Newest);
        _test.Sql("DELETE FROM events");
        Assert.Equal(3, (await _test.Events.ReadAsync(Run, 0, 10)).Newest);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task ReadAsync_LimitOutOfRange_Refused(int limit) =>
        Assert.Equal("bad-limit", (await Assert.ThrowsAsync<ControlException>(() => _test.Events.ReadAsync(Run, 0, limit))).Code);

    [Fact]
    public async Task ReadAsync_FollowingASignal_SeesEveryEventOnceInOrder()
    {
        const int commits = 200;
        using var woken = new SemaphoreSlim(0);
        using var subscription = _test.Store.Signals.Subscribe(Run, () => woken.Release());
        var writing = Task.Run(async () =>
        {
            for (var version = 0; version < commits; version++)
                await _test.Commits.CommitAsync(Make.Commit(Run, version) with { Events = [Make.Event()] });
        });
        var seen = new List<long>();
        while (seen.Count < commits)
        {
            await woken.WaitAsync();
            seen.AddRange((await _test.Events.ReadAsync(Run, seen.Count, 1000)).Events.Select(item => item.Sequence));
        }

        await writing;
        Assert.Equal(Enumerable.Range(1, commits).Select(i => (long)i), seen);
    }
}
