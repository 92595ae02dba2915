using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Control.Storage.Commits;
using Control.Storage.Idempotency;
using Orleans.Storage;

namespace Control.Storage.Tests.Databases;

public sealed class FaultTests : IDisposable
{
    private static readonly SubjectKey Run = Make.Key("w/p/1");
    private static readonly AttemptId Attempt = AttemptId.Parse("w/p/1/s.j/1");

    private readonly Dictionary<string, FaultyDialect> _dialects = [];
    private readonly TestStore _test;

    public FaultTests() => _test = new TestStore((name, dialect) => _dialects[name] = new FaultyDialect(dialect), options => options.RetryFor = TimeSpan.Zero);

    private FaultyDialect State => _dialects["control"];

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task CommitAsync_AnswerLost_RecognisedAndAppliedOnce(long version)
    {
        if (version > 0)
            await _test.Commits.CommitAsync(Make.Commit(Run, 0));
        State.AfterCommit.Enqueue(Fault.IoError);
        State.AfterCommit.Enqueue(Fault.IoError);

        var receipt = await _test.Commits.CommitAsync(Make.Commit(Run, version) with { Events = [Make.Event(), Make.Event()] });

        Assert.Equal(new CommitReceipt(version + 1, 2), receipt);
        Assert.Equal(version + 1, (await _test.Commits.LoadAsync(Run))!.Version);
        Assert.Equal([1L, 2L], (await _test.Events.ReadAsync(Run, 0, 10)).Events.Select(item => item.Sequence));
    }

    [Fact]
    public async Task CommitAsync_AnswerLostInABatch_EveryCommitAppliedOnce()
    {
        State.AfterCommit.Enqueue(Fault.IoError);
        State.BeforeCommit.Enqueue(Fault.Busy);
        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _test.Commits.CommitAsync(Make.Commit(Make.Key($"w/p/{i}"), 0))));
        Assert.All(receipts, receipt => Assert.Equal(1, receipt.Version));
        Assert.Equal("50|50", Assert.Single(_test.Sql("SELECT count(*), sum(version) FROM subjects")));
    }

    [Fact]
    public async Task CommitAsync_AnswerLostAndAnotherWrote_StillRefused()
    {
        await _test.Commits.CommitAsync(Make.Commit(Run, 0));
        await _test.Commits.CommitAsync(Make.Commit(Run, 1));
        State.AfterCommit.Enqueue(Fault.IoError);
        await Assert.ThrowsAsync<InconsistentStateException>(() => _test.Commits.CommitAsync(Make.Commit(Run, 1)));
    }

    [Fact]
    public async Task CommitAsync_PassingFault_Repeated()
    {
        State.BeforeCommit.Enqueue(Fault.Busy);
        State.BeforeCommit.Enqueue(Fault.IoError);
        Assert.Equal(1, (await _test.Commits.CommitAsync(Make.Commit(Run, 0))).Version);
    }

    [Fact]
    public async Task CommitAsync_LastingFault_ToldAndRecoversAfterwards()
    {
        for (var i = 0; i < 6; i++)
            State.BeforeCommit.Enqueue(Fault.IoError);
        var error = await Assert.ThrowsAsync<ControlException>(() => _test.Commits.CommitAsync(Make.Commit(Run, 0)));
        Assert.Equal("storage-unavailable", error.Code);
        Assert.Null(await _test.Commits.LoadAsync(Run));
        Assert.Equal(1, (await _test.Commits.CommitAsync(Make.Commit(Run, 0))).Version);
    }

    [Fact]
    public async Task CommitAsync_DiskFull_ToldWithCureAndNothingAcknowledged()
    {
        State.BeforeCommit.Enqueue(Fault.Full);
        var error = await Assert.ThrowsAsync<ControlException>(() => _test.Commits.CommitAsync(Make.Commit(Run, 0)));
        Assert.Equal("storage-full", error.Code);
        Assert.Null(await _test.Commits.LoadAsync(Run));
    }

    [Fact]
    public async Task CommitAsync_DiskFills_EverythingAcknowledgedIsThereAndSmallCommitsGoOn()
    {
        using var test = new TestStore((_, dialect) => new FaultyDialect(dialect) { MaxPages = 200 }, isSqlite: true);
        var large = new string('x', 50_000);
        var acknowledged = new List<SubjectKey>();
        var error = await Assert.ThrowsAsync<ControlException>(async () =>
        {
            for (var i = 0; ; i++)
            {
                var key = Make.Key($"{i}");
                await test.Commits.CommitAsync(Make.Commit(key, 0) with { Document = large });
                acknowledged.Add(key);
            }
        });
        Assert.Equal("storage-full", error.Code);
        Assert.NotEmpty(acknowledged);
        await test.Commits.CommitAsync(Make.Commit(acknowledged[0], 1) with { Document = "{}" });
        test.Reopen();
        foreach (var key in acknowledged)
            Assert.NotNull(await test.Commits.LoadAsync(key));
        Assert.Equal($"{acknowledged.Count}", Assert.Single(test.Sql("SELECT count(*) FROM subjects")));
    }

    [Fact]
    public async Task CommitAsync_OneOfABatchBreaks_OnlyItFails()
    {
        using var hold = new ManualResetEventSlim();
        State.Committed = hold.Wait;
        var first = _test.Commits.CommitAsync(Make.Commit(Make.Key("first"), 0));
        var good = Enumerable.Range(0, 5).Select(i => _test.Commits.CommitAsync(Make.Commit(Make.Key($"good/{i}"), 0))).ToArray();
        // A null where the table allows none: refused by a statement, after the subject's row was written.
        var bad = _test.Commits.CommitAsync(Make.Commit(Make.Key("bad"), 0) with { Children = [Make.Child("c") with { State = null! }] });
        State.Committed = null;
        hold.Set();

        await first;
        await Task.WhenAll(good);
        Assert.Equal("storage-fault", (await Assert.ThrowsAsync<ControlException>(() => bad)).Code);
        Assert.Equal("6", Assert.Single(_test.Sql("SELECT count(*) FROM subjects")));
    }

    [Fact]
    public async Task CommitAsync_QueuedDuringATransaction_GatheredIntoTheNext()
    {
        using var hold = new ManualResetEventSlim();
        State.Committed = hold.Wait;
        var first = _test.Commits.CommitAsync(Make.Commit(Make.Key("first"), 0));
        var begun = State.Begun;
        var rest = Enumerable.Range(0, 100).Select(i => _test.Commits.CommitAsync(Make.Commit(Make.Key($"{i}"), 0))).ToArray();
        State.Committed = null;
        hold.Set();
        await Task.WhenAll(rest.Append(first));
        Assert.InRange(State.Begun - begun, 1, 2);
    }

    [Fact]
    public async Task CommitAsync_NotYetDurable_NeitherAnsweredNorSignalled()
    {
        var durable = false;
        var signalled = new TaskCompletionSource<bool>();
        using var subscription = _test.Store.Signals.Subscribe(Run, () => signalled.TrySetResult(Volatile.Read(ref durable)));
        State.BeforeCommit.Enqueue(Fault.Busy);
        State.Committed = () => Volatile.Write(ref durable, true);
        await _test.Commits.CommitAsync(Make.Commit(Run, 0));
        Assert.True(durable);
        Assert.True(await signalled.Task);
    }

    [Fact]
    public async Task AppendAsync_AnswerLost_AcceptedOnce()
    {
        _dialects["logs"].AfterCommit.Enqueue(Fault.IoError);
        var answer = await _test.Store.Logs.AppendAsync(Attempt, 0, new byte[] { 1, 2, 3 });
        Assert.Equal((true, 3L), (answer.Accepted, answer.Length));
        Assert.Equal([1, 2, 3], (await _test.Logs.ReadAsync(Attempt, 0, 10)).Bytes.ToArray());
    }

    [Fact]
    public async Task BeginAsync_AnswerLost_StillNew()
    {
        State.AfterCommit.Enqueue(Fault.IoError);
        Assert.Equal(IdempotencyOutcome.New, (await _test.Store.Idempotency.BeginAsync("t", "k", "h", Make.Noon)).Outcome);
    }
}
