using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Control.Storage.Backups;
using Control.Storage.Commits;
using Control.TestKit.Databases;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Storage.Tests.Databases;

/// <summary>What becomes of commits when a real PostgreSQL is killed, stopped, cut off or slow.</summary>
public sealed class PostgresFaultTests
{
    private const string Schema = "faults";
    private static readonly SubjectKey Run = Make.Key("w/p/1");

    [PostgresFact]
    public async Task CommitAsync_ServerKilledUnderLoad_EveryCommitIsThereOnce()
    {
        const int writers = 8, rounds = 120, kills = 3;
        await using var server = await PostgresServer.StartAsync();
        using var test = new TestStore(database: server.Connection(Schema));
        using var done = new SemaphoreSlim(0);

        var commits = Enumerable.Range(0, writers).Select(number => CommitAsync(test, Make.Key($"w/p/{number}"), rounds, done)).ToArray();
        var logs = Enumerable.Range(1, 2).Select(number => AppendAsync(test, Attempt(number), rounds)).ToArray();
        for (var kill = 0; kill < kills; kill++)
        {
            for (var i = 0; i < writers * rounds / (kills + 1); i++)
                await done.WaitAsync();
            await server.KillAsync();
            await server.StartAgainAsync();
        }

        await Task.WhenAll(commits.Concat(logs));
        test.Reopen();
        for (var number = 0; number < writers; number++)
            await CheckAsync(test, Make.Key($"w/p/{number}"), rounds);
        for (var number = 1; number <= logs.Length; number++)
            Assert.Equal(rounds * 100L, (await test.Logs.ReadAsync(Attempt(number), 0, 1_000_000)).Bytes.Length);
    }

    [PostgresTheory]
    [InlineData(0, Cut.Commit, Cut.Commit)]
    [InlineData(1, Cut.Commit, Cut.Answer)]
    [InlineData(0, Cut.Answer, Cut.Commit)]
    [InlineData(1, Cut.Answer, Cut.Answer)]
    public async Task CommitAsync_CutOffDuringCommit_AppliedOnce(long version, Cut first, Cut second)
    {
        using var proxy = new CutProxy(await PostgresServer.SharedAsync());
        using var test = new TestStore(database: proxy.Connection($"t{Guid.NewGuid():N}"));
        if (version > 0)
            await test.Commits.CommitAsync(Make.Commit(Run, 0));
        proxy.Next(first, second);

        var receipt = await test.Commits.CommitAsync(Make.Commit(Run, version) with { Events = [Make.Event(), Make.Event()], Children = [Make.Child("a")] });

        Assert.Equal(new CommitReceipt(version + 1, 2), receipt);
        Assert.Equal([1L, 2L], (await test.Events.ReadAsync(Run, 0, 10)).Events.Select(item => item.Sequence));
        Assert.Equal("1", Assert.Single(test.Sql("SELECT count(*) FROM children")));
    }

    [PostgresTheory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task CommitAsync_CommitArrivesAfterTheConnectionIsGone_RepeatWaitsForItAndFindsIt(long version)
    {
        using var proxy = new CutProxy(await PostgresServer.SharedAsync());
        using var test = new TestStore(database: proxy.Connection($"t{Guid.NewGuid():N}"));
        if (version > 0)
            await test.Commits.CommitAsync(Make.Commit(Run, 0));
        proxy.Next(Cut.Hold);

        var commit = test.Commits.CommitAsync(Make.Commit(Run, version) with { Events = [Make.Event()] });
        while (test.Sql("SELECT count(*) FROM pg_locks l JOIN pg_locks h ON h.pid = ANY (pg_blocking_pids(l.pid)) JOIN pg_class c ON c.oid = h.relation AND c.relnamespace = current_schema()::regnamespace WHERE NOT l.granted")[0] == "0")
        {
            // The repeat has not come upon the first try's rows yet.
        }

        Assert.False(commit.IsCompleted);
        proxy.Release();
        Assert.Equal(new CommitReceipt(version + 1, 1), await commit);
        Assert.Single((await test.Events.ReadAsync(Run, 0, 10)).Events);
    }

    [PostgresFact]
    public async Task CommitAsync_ServerAway_EveryCallerIsToldAndAllGoesOnAfterwards()
    {
        await using var server = await PostgresServer.StartAsync();
        using var test = new TestStore(database: server.Connection(Schema), configure: options => (options.RetryFor, options.QueueLimit) = (TimeSpan.FromMilliseconds(500), 4));
        await test.Commits.CommitAsync(Make.Commit(Run, 0));
        await test.Store.ProbeAsync();
        await server.StopAsync();

        var commits = Enumerable.Range(0, 40).Select(i => Record.ExceptionAsync(() => test.Commits.CommitAsync(Make.Commit(Make.Key($"away/{i}"), 0))));
        Assert.All(await Task.WhenAll(commits), error => Assert.Equal("storage-unavailable", Assert.IsType<ControlException>(error).Code));
        Assert.Equal("storage-unavailable", (await Assert.ThrowsAsync<ControlException>(() => test.Commits.LoadAsync(Run))).Code);
        Assert.Equal("storage-unavailable", (await Assert.ThrowsAsync<ControlException>(test.Store.ProbeAsync)).Code);

        await server.StartAgainAsync();
        await test.Store.ProbeAsync();
        Assert.Equal(1, (await test.Commits.LoadAsync(Run))!.Version);
        Assert.Equal(2, (await test.Commits.CommitAsync(Make.Commit(Run, 1))).Version);
        Assert.Equal("1", Assert.Single(test.Sql("SELECT count(*) FROM subjects")));
    }

    [PostgresFact]
    public async Task CommitAsync_ServerRestarts_NobodyNotices()
    {
        await using var server = await PostgresServer.StartAsync();
        using var test = new TestStore(database: server.Connection(Schema));
        await test.Commits.CommitAsync(Make.Commit(Run, 0));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => test.Commits.LoadAsync(Run)));
        await server.StopAsync();
        var (commit, load) = (test.Commits.CommitAsync(Make.Commit(Run, 1)), test.Commits.LoadAsync(Make.Key("other")));
        await server.StartAgainAsync();
        Assert.Equal(2, (await commit).Version);
        Assert.Null(await load);
    }

    [PostgresFact]
    public async Task CommitAsync_PrimaryKilledAndStandbyPromoted_EveryCommitIsThereOnce()
    {
        const int writers = 4, rounds = 60;
        await using var primary = await PostgresServer.StartAsync();
        await using var standby = await primary.StandbyAsync();
        Assert.Equal("storage-read-only", Assert.Throws<ControlException>(() => new TestStore(database: standby.Connection(Schema))).Code);
        using var test = new TestStore(database: standby.Connection(Schema, primary));
        using var done = new SemaphoreSlim(0);

        var commits = Enumerable.Range(0, writers).Select(number => CommitAsync(test, Make.Key($"w/p/{number}"), rounds, done)).ToArray();
        for (var i = 0; i < writers * rounds / 2; i++)
            await done.WaitAsync();
        await primary.KillAsync();
        await standby.PromoteAsync();

        await Task.WhenAll(commits);
        for (var number = 0; number < writers; number++)
            await CheckAsync(test, Make.Key($"w/p/{number}"), rounds);
    }

    [PostgresFact]
    public async Task Restore_ToAMomentBetweenTwoCommits_HasTheFirstAndIsAnotherStore()
    {
        await using var server = await PostgresServer.StartAsync(isArchiving: true);
        using var test = new TestStore(database: server.Connection(Schema));
        await server.BackUpAsync();
        await test.Commits.CommitAsync(Make.Commit(Run, 0));
        await server.NameMomentAsync("good");
        await test.Commits.CommitAsync(Make.Commit(Run, 1));
        var generation = await test.Store.NextGenerationAsync();
        await server.StopAsync();

        await using var restored = await server.RestoreAsync("good");
        var options = new StorageOptions { DataDirectory = test.Path, Database = restored.Connection(Schema) };
        StoreBackup.Renew(options);
        using var store = ControlStore.Open(options, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Equal(1, (await store.Commits.LoadAsync(Run))!.Version);
        Assert.NotEqual(test.Store.Incarnation, store.Incarnation);
        Assert.True(await store.NextGenerationAsync() > generation);
    }

    [PostgresFact]
    public async Task CommitAsync_SlowCommit_WaitedForWhileReadersGoOn()
    {
        using var test = new TestStore(database: TestDatabase.PostgresConnection(), configure: options => options.QueueLimit = 2);
        await test.Commits.CommitAsync(Make.Commit(Run, 0));
        using var gate = new SlowCommits(test.Database!);

        var first = test.Commits.CommitAsync(Make.Commit(Run, 1));
        gate.WaitForOne();
        using var cancel = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 2).Select(i => test.Commits.CommitAsync(Make.Commit(Make.Key($"waits/{i}"), 0))).ToArray();
        var outside = test.Commits.CommitAsync(Make.Commit(Make.Key("no room"), 0), cancel.Token);
        Assert.Equal(1, (await test.Commits.LoadAsync(Run))!.Version);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => outside);
        Assert.False(first.IsCompleted || waiting.Any(commit => commit.IsCompleted) || test.Store.ProbeAsync().IsCompleted);

        gate.Open();
        Assert.Equal(2, (await first).Version);
        await Task.WhenAll(waiting);
        Assert.Null(await test.Commits.LoadAsync(Make.Key("no room")));
    }

    private static AttemptId Attempt(int number) => AttemptId.Parse($"w/p/{number}/s.j/1");

    private static async Task CommitAsync(TestStore test, SubjectKey key, int rounds, SemaphoreSlim done)
    {
        for (var version = 0L; version < rounds; version++)
        {
            Assert.Equal(version + 1, (await test.Commits.CommitAsync(Make.Commit(key, version) with { Events = [Make.Event()], Children = [Make.Child($"{version}")] })).Version);
            done.Release();
        }
    }

    private static async Task AppendAsync(TestStore test, AttemptId attempt, int rounds)
    {
        for (var round = 0; round < rounds; round++)
            Assert.True((await test.Store.Logs.AppendAsync(attempt, round * 100L, new byte[100])).Accepted);
    }

    private static async Task CheckAsync(TestStore test, SubjectKey key, int rounds)
    {
        Assert.Equal(rounds, (await test.Commits.LoadAsync(key))!.Version);
        Assert.Equal(rounds, (await test.Commits.LoadChildrenAsync(key)).Length);
        Assert.Equal(Enumerable.Range(1, rounds).Select(i => (long)i), (await test.Events.ReadAsync(key, 0, 1000)).Events.Select(item => item.Sequence));
    }
}
