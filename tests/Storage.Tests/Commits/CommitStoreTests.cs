using Control.Contracts.Errors;
using Control.Storage.Commits;
using Orleans.Storage;

namespace Control.Storage.Tests.Commits;

public sealed class CommitStoreTests : IDisposable
{
    private static readonly SubjectKey Run = Make.Key("w/p/1");

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task LoadAsync_NothingCommitted_Null()
    {
        Assert.Null(await _test.Commits.LoadAsync(Run));
        Assert.Empty(await _test.Commits.LoadChildrenAsync(Run));
    }

    [Fact]
    public async Task CommitAsync_EveryField_LoadsAlike()
    {
        var index = new SubjectIndex("w", "w/p", 7, "running", Terminal: true, Deleted: true, "{\"id\":\"ü\"}", "hash", "boot-1");
        var child = new ChildChange("s.j/1", "attempt", "leased", "*", "agent-1", 9, 3, "{\"a\":1}", "{\"b\":2}");
        var plan = new ChildChange("plan", "plan", "", null, null, 0, 0, "{}", null);
        var wake = Make.Noon.AddTicks(1);
        var receipt = await _test.Commits.CommitAsync(new Commit
        {
            Subject = Run,
            ExpectedVersion = 0,
            Document = "{\"x\":1}",
            Index = index,
            Children = [child, plan],
            Events = [Make.Event()],
            NextWake = wake,
        });

        Assert.Equal(new CommitReceipt(1, 1), receipt);
        Assert.Equal(new StoredSubject(1, "{\"x\":1}", index, wake, 1), await _test.Commits.LoadAsync(Run));
        Assert.Equal(
            [new StoredChild("s.j/1", "attempt", "leased", "*", "agent-1", 9, 3, "{\"a\":1}", "{\"b\":2}"), new StoredChild("plan", "plan", "", null, null, 0, 0, "{}", null)],
            (await _test.Commits.LoadChildrenAsync(Run)).AsEnumerable());
    }

    [Fact]
    public async Task PurgeAsync_Deleted_LeavesTheSubjectAndItsLastEvent()
    {
        var other = Make.Key("w/p/2");
        await _test.Commits.CommitAsync(Make.Commit(other, 0) with { Children = [Make.Child("a")], Events = [Make.Event(), Make.Event()] });
        var many = Enumerable.Range(0, CommitStore.PurgeBatch + 1).ToList();
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with
        {
            Children = [.. many.Select(i => Make.Child($"c{i}"))],
            Events = [.. many.Select(_ => Make.Event())],
        });
        await _test.Commits.PurgeAsync(Run);
        Assert.Equal(many.Count, (await _test.Commits.LoadChildrenAsync(Run)).Length);

        var tombstone = Make.Commit(Run, 1) with { Events = [Make.Event("{\"last\":1}")] };
        await _test.Commits.CommitAsync(tombstone with { Index = tombstone.Index with { Deleted = true } });
        await _test.Commits.PurgeAsync(Run);
        await _test.Commits.PurgeAsync(Run);

        Assert.Empty(await _test.Commits.LoadChildrenAsync(Run));
        Assert.Equal((2, many.Count + 1L), (await _test.Commits.LoadAsync(Run)) is { } left ? (left.Version, left.LastSequence) : default);
        var page = await _test.Events.ReadAsync(Run, many.Count, 10);
        Assert.Equal("{\"last\":1}", Assert.Single(page.Events).Data);
        Assert.Equal(many.Count + 1, page.Floor);
        Assert.Equal(2, (await _test.Events.ReadAsync(other, 0, 10)).Events.Length);
        Assert.Single(await _test.Commits.LoadChildrenAsync(other));
    }

    [Fact]
    public async Task CommitAsync_SecondVersion_ReplacesSubjectAndNamedChildrenOnly()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Children = [Make.Child("a"), Make.Child("b")], NextWake = Make.Noon });
        var receipt = await _test.Commits.CommitAsync(Make.Commit(Run, 1, state: "failed") with { Children = [Make.Child("b", "failed")] });

        var loaded = await _test.Commits.LoadAsync(Run);
        Assert.Equal(2, receipt.Version);
        Assert.Equal(("failed", 2L, null), (loaded!.Index.State, loaded.Version, loaded.NextWake));
        var children = await _test.Commits.LoadChildrenAsync(Run);
        Assert.Equal(["a queued", "b failed"], children.Select(child => $"{child.Key} {child.State}"));
    }

    [Fact]
    public async Task CommitAsync_RemovedChildren_AreGoneAndUnknownOnesAreIgnored()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Children = [Make.Child("a"), Make.Child("b")] });
        await _test.Commits.CommitAsync(Make.Commit(Run, 1) with { Children = [Make.Child("c")], RemovedChildren = ["a", "nobody"] });

        Assert.Equal(["b", "c"], (await _test.Commits.LoadChildrenAsync(Run)).Select(child => child.Key));
    }

    [Fact]
    public async Task CommitAsync_ChildNamedTwiceOrRemovedToo_AsIfDoneInTurn()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0) with
        {
            Children = [Make.Child("a", "queued"), Make.Child("b"), Make.Child("a", "failed"), Make.Child("b", "leased")],
            RemovedChildren = ["b", "b"],
        });
        Assert.Equal(["a failed"], (await _test.Commits.LoadChildrenAsync(Run)).Select(child => $"{child.Key} {child.State}"));
    }

    [Fact]
    public async Task NextGenerationAsync_AfterReopen_GoesOn()
    {
        Assert.Equal(1, await _test.Store.NextGenerationAsync());
        Assert.Equal(2, await _test.Store.NextGenerationAsync());
        _test.Reopen();
        Assert.Equal(3, await _test.Store.NextGenerationAsync());
    }

    [Fact]
    public async Task ProbeAsync_Open_Returns() => await _test.Store.ProbeAsync();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 2)]
    [InlineData(2, 1)]
    [InlineData(2, 3)]
    [InlineData(2, 0)]
    public async Task CommitAsync_StaleVersion_RefusedAndNothingWritten(int made, long expected)
    {
        for (var version = 0; version < made; version++)
            await _test.Commits.CommitAsync(Make.Commit(Run, version) with { Events = [Make.Event()] });
        if (made == expected)
            await _test.Commits.CommitAsync(Make.Commit(Run, made++));
        var before = await _test.Commits.LoadAsync(Run);

        await Assert.ThrowsAsync<InconsistentStateException>(() =>
            _test.Commits.CommitAsync(Make.Commit(Run, expected, state: "failed") with { Children = [Make.Child("x")], Events = [Make.Event()] }));

        Assert.Equal(before, await _test.Commits.LoadAsync(Run));
        Assert.Empty(await _test.Commits.LoadChildrenAsync(Run));
    }

    [Fact]
    public async Task CommitAsync_TooLarge_RefusedNamingTheLimit()
    {
        var error = await Assert.ThrowsAsync<ControlException>(() =>
            _test.Commits.CommitAsync(Make.Commit(Run, 0) with { Document = new string('x', Commit.MaxDocument + 1) }));
        Assert.Equal("commit-too-large", error.Code);
        Assert.Contains($"{Commit.MaxDocument}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommitAsync_Cancelled_BeforeQueuedOnly()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _test.Commits.CommitAsync(Make.Commit(Run, 0), cancelled.Token));
        Assert.Null(await _test.Commits.LoadAsync(Run));
    }

    [Fact]
    public async Task CommitAsync_ManyCallersAndConflicts_VersionsEqualSuccesses()
    {
        const int subjects = 40, callers = 16, rounds = 50;
        var successes = new int[subjects];
        var conflicts = 0;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            for (var round = 0; round < rounds; round++)
            {
                var number = random.Next(subjects);
                var key = Make.Key($"w/p/{number}");
                var version = (await _test.Commits.LoadAsync(key))?.Version ?? 0;
                try
                {
                    await _test.Commits.CommitAsync(Make.Commit(key, version) with
                    {
                        Events = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Make.Event())],
                        Children = [Make.Child($"c{random.Next(3)}")],
                    });
                    Interlocked.Increment(ref successes[number]);
                }
                catch (InconsistentStateException)
                {
                    Interlocked.Increment(ref conflicts);
                }
            }
        })));

        Assert.Equal(callers * rounds, successes.Sum() + conflicts);
        for (var number = 0; number < subjects; number++)
        {
            var key = Make.Key($"w/p/{number}");
            var loaded = await _test.Commits.LoadAsync(key);
            Assert.Equal(successes[number], loaded?.Version ?? 0);
            var events = (await _test.Events.ReadAsync(key, 0, 1000)).Events;
            Assert.Equal(Enumerable.Range(1, (int)(loaded?.LastSequence ?? 0)).Select(i => (long)i), events.Select(item => item.Sequence));
        }
    }

    [Fact]
    public async Task CommitAsync_OneOfAGatheredBatchConflicts_NeighboursSucceed()
    {
        var commits = Enumerable.Range(0, 50)
            .Select(i => _test.Commits.CommitAsync(Make.Commit(Make.Key($"w/p/{i / 2}"), 0)))
            .ToArray();
        await Task.WhenAll(commits).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal(25, commits.Count(commit => commit.IsCompletedSuccessfully));
        Assert.Equal(25, commits.Count(commit => commit.Exception?.InnerException is InconsistentStateException));
    }

    [Fact]
    public async Task CommitAsync_AfterReopen_EverythingAcknowledgedIsThere()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => _test.Commits.CommitAsync(Make.Commit(Make.Key($"w/p/{i}"), 0))));
        _test.Reopen();
        Assert.Equal("100", Assert.Single(_test.Sql("SELECT count(*) FROM subjects")));
    }

    [Fact]
    public async Task CommitAsync_AfterDispose_RefusedWithReason()
    {
        var store = _test.Store;
        store.Dispose();
        var error = await Assert.ThrowsAsync<ControlException>(() => store.Commits.CommitAsync(Make.Commit(Run, 0)));
        Assert.Equal("storage-closed", error.Code);
    }

    [Fact]
    public async Task CommitAsync_SmallQueueAndGatherWindow_AllSucceed()
    {
        using var test = new TestStore(configure: options =>
        {
            options.QueueLimit = 2;
            options.MaxBatchCount = 3;
            options.GatherWindow = TimeSpan.FromMilliseconds(1);
        });
        var receipts = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => test.Commits.CommitAsync(Make.Commit(Make.Key($"w/p/{i}"), 0))));
        Assert.All(receipts, receipt => Assert.Equal(1, receipt.Version));
    }
}
