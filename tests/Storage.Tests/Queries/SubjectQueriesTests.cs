using System.Collections.Immutable;
using Control.Contracts.Errors;
using Control.Storage.Commits;
using Control.Storage.Queries;
using Control.Storage.Queries.Subjects;

namespace Control.Storage.Tests.Queries;

public sealed class SubjectQueriesTests : IDisposable
{
    private static readonly SubjectKey Run = Make.Key("w/p/1");

    private readonly TestStore _test = new();

    private SubjectQueries Queries => _test.Subjects;

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task GetAsync_Committed_ViewVersionState()
    {
        Assert.Null(await Queries.GetAsync<TestView>(SubjectKinds.Run, "w/p/1"));
        await _test.Commits.CommitAsync(Make.Commit(Run, 0));
        Assert.Equal(new Row<TestView>(new("w/p/1"), "w/p/1", 1, "running"), await Queries.GetAsync<TestView>(SubjectKinds.Run, "w/p/1"));
        Assert.Null(await Queries.GetAsync<TestView>(SubjectKinds.Pipeline, "w/p/1"));
    }

    [Fact]
    public async Task DeletedSubject_Readers_SeeOnlyItsEventsAndCredential()
    {
        var commit = Make.Commit(Run, 0) with { Children = [Make.Child("c")], Events = [Make.Event()] };
        await _test.Commits.CommitAsync(commit with { Index = commit.Index with { Deleted = true, SecretHash = "hash" } });
        Assert.Null(await Queries.GetAsync<TestView>(Run.Kind, Run.Key));
        Assert.Empty((await ListAsync(new SubjectFilter(Run.Kind))).Items);
        Assert.Empty((await Queries.ListChildrenAsync(Run, "attempt", null, 10)).Items);
        Assert.Null(await Queries.GetChildAsync(Run, "c"));
        Assert.Single((await _test.Events.ReadAsync(Run, 0, 10)).Events);
        Assert.Equal(new CredentialRow("hash", commit.Index.View, "running", true), await Queries.GetCredentialAsync(Run.Kind, Run.Key));
        Assert.Null(await Queries.GetCredentialAsync(Run.Kind, "unknown"));
    }

    [Fact]
    public async Task GetAsync_ViewDamaged_ToldAndOthersReadable()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0));
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("w/p/2"), 0));
        _test.Sql("UPDATE subjects SET view = '{\"id\":' WHERE key = 'w/p/1'");
        var error = await Assert.ThrowsAsync<ControlException>(() => Queries.GetAsync<TestView>(Run.Kind, Run.Key));
        Assert.Equal("storage-corrupt", error.Code);
        Assert.NotNull(await Queries.GetAsync<TestView>(Run.Kind, "w/p/2"));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(3, 200)]
    public async Task ListAsync_PagesOfEveryFilter_GiveExactlyTheMatchingRowsInOrder(int seed, int limit)
    {
        var all = await FillAsync(new Random(seed));
        SubjectFilter[] filters =
        [
            new(SubjectKinds.Run),
            new(SubjectKinds.Run, Workspace: "w1"),
            new(SubjectKinds.Run, Parent: "w1/p1"),
            new(SubjectKinds.Run, Workspace: "w1", Parent: "w1/p1", States: ["failed"]),
            new(SubjectKinds.Run, States: ["failed", "running"]),
            new(SubjectKinds.Run, States: []),
            new(SubjectKinds.Run, Workspaces: ["w0", "w2", "w0", "none"]),
            new(SubjectKinds.Run, Workspaces: ["w0", "w2"], States: ["running"]),
            new(SubjectKinds.Run, Workspaces: []),
            new(SubjectKinds.Run, Workspace: "w1", Workspaces: ["w0"]),
            new(SubjectKinds.Run, Workspace: "w1", Workspaces: ["w0", "w1"]),
            new(SubjectKinds.Agent),
        ];
        foreach (var filter in filters)
        {
            foreach (var newestFirst in new[] { false, true })
            {
                var expected = all.Where(commit => Matches(commit, filter)).OrderBy(commit => commit.Index.Ordinal).ThenBy(commit => commit.Subject.Key, StringComparer.Ordinal).Select(commit => commit.Subject.Key);
                Assert.Equal(newestFirst ? expected.Reverse() : expected, await AllPagesAsync(filter, limit, newestFirst));
            }
        }
    }

    [Fact]
    public async Task ListAsync_ChangesBetweenPages_NothingTwiceNothingLost()
    {
        for (var i = 0; i < 10; i++)
            await _test.Commits.CommitAsync(Make.Commit(Make.Key($"r{i}"), 0, ordinal: i * 10));
        var filter = new SubjectFilter(SubjectKinds.Run);
        var first = await ListAsync(filter, limit: 5);
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("before"), 0, ordinal: 5));
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("after"), 0, ordinal: 55));
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("r2"), 1, ordinal: 20, state: "failed"));
        var second = await ListAsync(filter, first.NextCursor, limit: 50);
        Assert.Equal(["r0", "r1", "r2", "r3", "r4", "r5", "after", "r6", "r7", "r8", "r9"], [.. first.Items.Select(row => row.Key), .. second.Items.Select(row => row.Key)]);
        Assert.Null(second.NextCursor);
    }

    [Fact]
    public async Task ListAsync_CursorOfAnotherList_Refused()
    {
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("a"), 0));
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("b"), 0));
        var cursor = (await ListAsync(new SubjectFilter(SubjectKinds.Run), limit: 1)).NextCursor;
        Assert.NotNull(cursor);
        await AssertBadAsync("bad-cursor", () => ListAsync(new SubjectFilter(SubjectKinds.Run, Workspace: "w"), cursor));
        await AssertBadAsync("bad-cursor", () => Queries.ListAsync<TestView>(new(SubjectKinds.Run), cursor, 1, newestFirst: true));
        using var other = new TestStore();
        await AssertBadAsync("bad-cursor", () => other.Subjects.ListAsync<TestView>(new(SubjectKinds.Run), cursor, 1, newestFirst: false));
        _test.Reopen();
        Assert.Equal("b", Assert.Single((await ListAsync(new SubjectFilter(SubjectKinds.Run), cursor)).Items).Key);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(201)]
    [InlineData(-1)]
    public async Task ListAsync_LimitOutOfRange_Refused(int limit)
    {
        await AssertBadAsync("bad-limit", () => ListAsync(new SubjectFilter(SubjectKinds.Run), limit: limit));
        await AssertBadAsync("bad-limit", () => Queries.ListChildrenAsync(Run, "attempt", null, limit));
    }

    [Fact]
    public async Task ListAsync_TooManyWorkspaces_Refused()
    {
        var many = Enumerable.Range(0, SubjectFilter.MaxWorkspaces + 1).Select(i => $"w{i}").ToImmutableArray();
        await AssertBadAsync("bad-filter", () => ListAsync(new SubjectFilter(SubjectKinds.Run, Workspaces: many)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ListChildrenAsync_Pages_OfTheKindInOrderWithoutDeleted(bool newestFirst)
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with
        {
            Children =
            [
                .. Enumerable.Range(0, 10).Select(i => Make.Child($"c{i}", ordinal: i / 2)),
                Make.Child("gone", "deleted"),
                Make.Child("plan", kind: "plan"),
            ],
        });
        await _test.Commits.CommitAsync(Make.Commit(Make.Key("w/p/2"), 0) with { Children = [Make.Child("another")] });
        var keys = new List<string>();
        string? cursor = null;
        do
        {
            var page = await Queries.ListChildrenAsync(Run, "attempt", cursor, 3, newestFirst);
            keys.AddRange(page.Items.Select(child => child.Key));
            Assert.All(page.Items, child => Assert.Equal($"{{\"v\":\"{child.Key}\"}}", child.View));
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        var expected = Enumerable.Range(0, 10).Select(i => $"c{i}");
        Assert.Equal(newestFirst ? expected.Reverse() : expected, keys);
    }

    [Fact]
    public async Task GetChildAsync_EachKind_DocumentOfDefinitionsOnly()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with
        {
            Children = [Make.Child("a", "leased", holder: "agent-1", ordinal: 4), Make.Child("d", "", kind: "definition"), Make.Child("gone", "deleted")],
        });
        Assert.Equal(new ChildHead("a", "attempt", "leased", "agent-1", 1, 4, "{\"v\":\"a\"}", null), await Queries.GetChildAsync(Run, "a"));
        Assert.Equal("{\"d\":1}", (await Queries.GetChildAsync(Run, "d"))!.Document);
        Assert.Null(await Queries.GetChildAsync(Run, "gone"));
        Assert.Null(await Queries.GetChildAsync(Run, "unknown"));
    }

    private Task<Page<Row<TestView>>> ListAsync(SubjectFilter filter, string? cursor = null, int limit = 50) =>
        Queries.ListAsync<TestView>(filter, cursor, limit, newestFirst: false);

    private async Task<List<string>> AllPagesAsync(SubjectFilter filter, int limit, bool newestFirst)
    {
        var keys = new List<string>();
        string? cursor = null;
        do
        {
            var page = await Queries.ListAsync<TestView>(filter, cursor, limit, newestFirst);
            keys.AddRange(page.Items.Select(row => row.Key));
            Assert.True(page.NextCursor is null || page.Items.Length == limit);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return keys;
    }

    private async Task<List<Commit>> FillAsync(Random random)
    {
        var all = new List<Commit>();
        for (var i = 0; i < 60; i++)
        {
            var workspace = $"w{random.Next(4)}";
            string[] states = ["running", "failed", "succeeded"];
            var commit = Make.Commit(
                Make.Key($"r{random.Next(1000)}-{i}", random.Next(10) == 0 ? SubjectKinds.Agent : SubjectKinds.Run),
                0, random.Next(20), states[random.Next(3)], workspace, $"{workspace}/p{random.Next(2)}");
            commit = commit with { Index = commit.Index with { Deleted = random.Next(8) == 0 } };
            await _test.Commits.CommitAsync(commit);
            all.Add(commit);
        }

        return all;
    }

    private static bool Matches(Commit commit, SubjectFilter filter) =>
        commit.Subject.Kind == filter.Kind && !commit.Index.Deleted
        && (filter.Workspace is null || commit.Index.Workspace == filter.Workspace)
        && (filter.Workspaces is null || filter.Workspaces.Value.Contains(commit.Index.Workspace))
        && (filter.Parent is null || commit.Index.Parent == filter.Parent)
        && (filter.States is null || filter.States.Value.Contains(commit.Index.State));

    private static async Task AssertBadAsync(string code, Func<Task> call) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<ControlException>(call)).Code);
}
