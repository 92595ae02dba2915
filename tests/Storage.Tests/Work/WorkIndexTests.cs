using Control.Storage.Work;

namespace Control.Storage.Tests.Work;

public sealed class WorkIndexTests : IDisposable
{
    private readonly TestStore _test = new();

    private WorkIndex Work => _test.Store.Work;

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task QueuedAsync_SeveralRuns_OldestRunFirstThenOrdinal()
    {
        await CommitAsync("w/p/2", Make.Child("b", queue: "*", ordinal: 2), Make.Child("a", queue: "*", ordinal: 3), Make.Child("c", queue: "linux"));
        await CommitAsync("w/p/1", Make.Child("a", queue: "*"), Make.Child("done", "succeeded", "*"));
        Assert.Equal(["w/p/2 b", "w/p/2 a", "w/p/1 a"], (await Work.QueuedAsync("*", 10)).Select(child => $"{child.Subject.Key} {child.ChildKey}"));
        Assert.Equal(["w/p/2 b"], (await Work.QueuedAsync("*", 1)).Select(child => $"{child.Subject.Key} {child.ChildKey}"));
        Assert.Empty(await Work.QueuedAsync("nothing", 10));
    }

    [Fact]
    public async Task QueuesAsync_SomeEmptied_DistinctOnesWithWork()
    {
        Assert.Empty(await Work.QueuesAsync());
        await CommitAsync("w/p/1", Make.Child("a", queue: "linux"), Make.Child("b", queue: "*"), Make.Child("c", queue: "linux"), Make.Child("d", "leased", "gpu"));
        Assert.Equal(["*", "linux"], (await Work.QueuesAsync()).AsEnumerable());
    }

    [Fact]
    public async Task QueuesAsync_OfAPrefix_OnlyThose()
    {
        await CommitAsync("w/p/1", Make.Child("a", queue: "x@v"), Make.Child("b", queue: "x@w"), Make.Child("c", queue: "x,y@w"), Make.Child("d", queue: "x"));
        await CommitAsync("w/p/2", Make.Child("a", queue: "x@w"), Make.Child("b", "leased", "x@u"));
        Assert.Equal(["x@v", "x@w"], (await Work.QueuesAsync("x@")).AsEnumerable());
        Assert.Empty(await Work.QueuesAsync("y@"));
    }

    [Fact]
    public async Task InStateAsync_SomeKeys_OnlyThoseInThatState()
    {
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("w/p/1"), 0, state: "held"));
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("w/p/2"), 0, state: "running"));
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("w/p/3"), 0, state: "held"));
        Assert.Equal(["w/p/1"], (await Work.InStateAsync(Make.Key("w/p/1").Kind, ["w/p/1", "w/p/2", "w/p/9"], "held")).AsEnumerable());
    }

    [Fact]
    public async Task HeldByAsync_EveryState_HeldOnesOnly()
    {
        string[] states = ["queued", "leased", "running", "stopping", "succeeded", "failed"];
        await CommitAsync("w/p/1", [.. states.Select(state => Make.Child(state, state, holder: "agent-1")), Make.Child("other", "running", holder: "agent-2")]);
        var holds = await Work.HeldByAsync("agent-1");
        Assert.Equal(["leased", "running", "stopping"], holds.Select(hold => hold.ChildKey).Order());
        Assert.Equal(new StoredHold(Make.Key("w/p/1"), "leased", 1, "{\"d\":1}"), holds.Single(hold => hold.ChildKey == "leased"));
    }

    [Fact]
    public async Task DueAsync_SomeDue_ThoseLongestDueFirst()
    {
        Assert.Null(await Work.NextDueAsync());
        for (var i = 3; i > 0; i--)
            await _test.Commits.CommitAsync(Make.Commit(Make.Key($"{i}"), 0) with { NextWake = Make.Noon.AddTicks(i) });
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("sleeps"), 0));

        Assert.Equal([new DueSubject(Make.Key("1"), Make.Noon.AddTicks(1)), new DueSubject(Make.Key("2"), Make.Noon.AddTicks(2))], (await Work.DueAsync(Make.Noon.AddTicks(2), 10)).AsEnumerable());
        Assert.Single(await Work.DueAsync(Make.Noon.AddTicks(2), 1));
        Assert.Equal(Make.Noon.AddTicks(1), await Work.NextDueAsync());
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("1"), 1));
        Assert.Equal(Make.Noon.AddTicks(2), await Work.NextDueAsync());
    }

    [Fact]
    public async Task OrphansAsync_OwnersOnBothSides_AllButTheLiveOnesAndTheFinished()
    {
        foreach (var (key, owner, terminal, deleted) in new[]
        {
            ("a", "boot-1", false, false), ("b", "boot-2", false, false), ("c", "boot-3", false, false),
            ("none", null, false, false), ("finished", "boot-1", true, false), ("deleted", "boot-1", false, true),
        })
        {
            var commit = Make.Commit(Make.Key(key), 0);
            await _test.Commits.CommitAsync(commit with { Index = commit.Index with { Owner = owner, Terminal = terminal, Deleted = deleted } });
        }

        Assert.Equal(["a", "c"], (await Work.OrphansAsync(["boot-2"], 10)).Select(key => key.Key).Order());
        Assert.Equal(["c"], (await Work.OrphansAsync(["boot-2", "boot-1", "gone"], 10)).Select(key => key.Key));
        Assert.Equal(3, (await Work.OrphansAsync([], 10)).Length);
        Assert.Single(await Work.OrphansAsync(["boot-2"], 1));
    }

    [Fact]
    public async Task HasUnfinishedAsync_OneUnfinishedRun_UntilItFinishes()
    {
        var commit = Make.Commit(Make.Key("w/p/1"), 0);
        Assert.False(await Work.HasUnfinishedAsync(SubjectKinds.Run, "w/p"));
        await _test.Commits.CommitAsync(commit);
        Assert.True(await Work.HasUnfinishedAsync(SubjectKinds.Run, "w/p"));
        Assert.False(await Work.HasUnfinishedAsync(SubjectKinds.Pipeline, "w/p"));
        await _test.Commits.CommitAsync(commit with { ExpectedVersion = 1, Index = commit.Index with { Terminal = true } });
        Assert.False(await Work.HasUnfinishedAsync(SubjectKinds.Run, "w/p"));
    }

    [Fact]
    public async Task NewestAndInStates_SomeOfAParent_ByOrdinalWithoutDeletedOnes()
    {
        foreach (var (ordinal, state) in new[] { (1, "failed"), (2, "succeeded"), (3, "running"), (4, "succeeded"), (10, "failed") })
            await _test.Commits.CommitAsync(Make.Commit(Make.Key($"w/p/{ordinal}"), 0, ordinal, state));
        var gone = Make.Commit(Make.Key("w/p/9"), 0, 9, "failed");
        await _test.Commits.CommitAsync(gone with { Index = gone.Index with { Deleted = true } });
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("w/q/7"), 0, 7, "failed", parent: "w/q"));
        string[] ended = ["succeeded", "failed"];

        Assert.Equal([10L, 4, 2, 1, null], await Task.WhenAll(Enumerable.Range(1, 5).Select(n => Work.NewestAsync(SubjectKinds.Run, "w/p", ended, n))));
        Assert.Equal(4, await Work.NewestAsync(SubjectKinds.Run, "w/p", ["succeeded"], 1));
        Assert.Equal(["w/p/2", "w/p/4"], (await Work.InStatesAsync(SubjectKinds.Run, "w/p", ended, 2, 2)).Select(row => row.Subject.Key));
        Assert.Equal([new ListedSubject(Make.Key("w/p/10"), 1, "{\"id\":\"w/p/10\"}")], (await Work.InStatesAsync(SubjectKinds.Run, "w/p", ended, 5, 9)).AsEnumerable());
        Assert.Equal(["w/p/9"], (await Work.DeletedAsync(SubjectKinds.Run, ["w/p/9", "w/p/10", "w/p/77"])).AsEnumerable());
    }

    [Fact]
    public async Task AgentsAsync_OneDeleted_TheOthersViews()
    {
        var kept = new SubjectKey(SubjectKinds.Agent, "agent-1");
        await _test.Commits.CommitAsync(Make.Commit(kept, 0));
        var gone = Make.Commit(new SubjectKey(SubjectKinds.Agent, "agent-2"), 0);
        await _test.Commits.CommitAsync(gone with { Index = gone.Index with { Deleted = true } });
        Assert.Equal([new StoredView(kept, "{\"id\":\"agent-1\"}")], (await Work.AgentsAsync()).AsEnumerable());
    }

    private Task CommitAsync(string key, params Storage.Commits.ChildChange[] children) =>
        _test.Commits.CommitAsync(Make.Commit(Make.Key(key), 0) with { Children = [.. children] });
}
