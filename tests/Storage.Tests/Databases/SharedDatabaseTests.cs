using Control.Contracts.Runs;
using Control.Storage.Idempotency;
using Control.TestKit.Databases;
using Npgsql;
using Orleans.Storage;

namespace Control.Storage.Tests.Databases;

/// <summary>Two stores, as two silos have them, on one PostgreSQL.</summary>
public sealed class SharedDatabaseTests : IDisposable
{
    private readonly TestStore _one;
    private readonly TestStore _two;

    public SharedDatabaseTests()
    {
        var database = TestDatabase.PostgresConnection();
        _one = new TestStore(database: database);
        // The silos of a server share its folder: the keys of secrets are there.
        _two = new TestStore(database: database, configure: options => options.SecretKeyFile = Path.Combine(_one.Path, "secret-keys.json"));
    }

    public void Dispose()
    {
        _two.Dispose();
        _one.Dispose();
    }

    [PostgresFact]
    public async Task CommitAsync_ManyCallersOnFewSubjects_VersionsEqualSuccesses()
    {
        const int subjects = 6, callers = 16, rounds = 60;
        var (successes, conflicts) = (new int[subjects], 0);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var (random, store) = (new Random(caller), caller % 2 == 0 ? _one : _two);
            for (var round = 0; round < rounds; round++)
            {
                var number = random.Next(subjects);
                var version = (await store.Commits.LoadAsync(Make.Key($"w/p/{number}")))?.Version ?? 0;
                try
                {
                    await store.Commits.CommitAsync(Make.Commit(Make.Key($"w/p/{number}"), version) with
                    {
                        Events = [Make.Event($"{{\"by\":\"{caller}/{round}\"}}")],
                        Children = [Make.Child($"c{random.Next(3)}")],
                        RemovedChildren = [$"c{random.Next(3, 5)}"],
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
        Assert.NotEqual(0, conflicts);
        for (var number = 0; number < subjects; number++)
        {
            Assert.Equal(successes[number], (await _one.Commits.LoadAsync(Make.Key($"w/p/{number}")))!.Version);
            var events = (await _two.Events.ReadAsync(Make.Key($"w/p/{number}"), 0, 1000)).Events;
            Assert.Equal(Enumerable.Range(1, successes[number]).Select(i => (long)i), events.Select(item => item.Sequence));
            Assert.Equal(events.Length, events.Select(item => item.Data).Distinct().Count());
        }
    }

    [PostgresFact]
    public async Task BeginAsync_SameKeysInBoth_EachIsNewOnce()
    {
        for (var round = 0; round < 20; round++)
        {
            // The second round of each pair comes a minute later and takes over what was abandoned.
            var now = Make.Noon + (round % 2 * IdempotencyStore.AbandonedAfter);
            var answers = await Task.WhenAll(new[] { _one, _two, _one, _two }.Select(test => test.Store.Idempotency.BeginAsync("t", $"k{round / 2}", "h", now)));
            Assert.Single(answers, answer => answer.Outcome == IdempotencyOutcome.New);
            Assert.Equal(3, answers.Count(answer => answer.Outcome == IdempotencyOutcome.InProgress));
        }
    }

    [PostgresFact]
    public async Task AppendAsync_SameOffsetsInBoth_OneChunkEach()
    {
        var attempt = AttemptId.Parse("w/p/1/s.j/1");
        for (var round = 0L; round < 40; round++)
        {
            var answers = await Task.WhenAll(new[] { _one, _two }.Select(test => test.Store.Logs.AppendAsync(attempt, round * 10, new byte[10])));
            Assert.All(answers, answer => Assert.Equal((true, (round + 1) * 10), (answer.Accepted, answer.Length)));
        }

        Assert.Equal(400, (await _one.Logs.ReadAsync(attempt, 0, 1000)).Bytes.Length);
        Assert.Equal("40", Assert.Single(_one.Sql("SELECT count(*) FROM chunks", "logs")));
    }

    [PostgresFact]
    public async Task NextGenerationAsync_InBoth_NoneTwice()
    {
        var taken = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? _one : _two).Store.NextGenerationAsync()));
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (long)i), taken.Order());
    }

    [PostgresFact]
    public void Open_SameDatabase_SameIncarnation() => Assert.Equal(_one.Store.Incarnation, _two.Store.Incarnation);

    [PostgresFact]
    public async Task CommitAsync_OtherHoldsARow_NeighboursWaitNoLongerThanIt()
    {
        await _one.Commits.CommitAsync(Make.Commit(Make.Key("w/p/1"), 0));
        await using var connection = new NpgsqlConnection(_one.Database);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("UPDATE subjects SET version = version + 1", connection))
            await hold.ExecuteNonQueryAsync();

        var held = _one.Commits.CommitAsync(Make.Commit(Make.Key("w/p/1"), 1));
        var neighbour = _one.Commits.CommitAsync(Make.Commit(Make.Key("w/p/2"), 0));
        await transaction.CommitAsync();

        await Assert.ThrowsAsync<InconsistentStateException>(() => held);
        Assert.Equal(1, (await neighbour).Version);
    }
}
