using Control.Grains.Agents;

namespace Control.Grains.Tests.Agents;

public sealed class PoolQueueTests
{
    private readonly PoolQueue _queue = new();

    [Fact]
    public void Add_Twice_WaitsOnce()
    {
        _queue.Add([Attempt(1), Attempt(1)]);
        Assert.Equal(Attempt(1), _queue.Take());
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public void Add_WhileBeingHandedOver_NotAddedAgain()
    {
        _queue.Add([Attempt(1)]);
        _queue.Take();
        _queue.Add([Attempt(1)]);
        Read(Attempt(1));
        Assert.True(_queue.IsEmpty);
        _queue.Release(Attempt(1), isQueued: false);
        _queue.Add([Attempt(1)]);
        Assert.False(_queue.IsEmpty);
    }

    [Fact]
    public void Release_StillQueued_FirstAgain()
    {
        _queue.Add([Attempt(1), Attempt(2)]);
        _queue.Release(_queue.Take(), isQueued: true);
        Assert.Equal(Attempt(1), _queue.Take());
    }

    [Fact]
    public void EndRead_NotInTheRowsAnyMore_Dropped()
    {
        _queue.Add([Attempt(1), Attempt(2)]);
        Read(Attempt(2));
        Assert.Equal(Attempt(2), _queue.Take());
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public void EndRead_HintDuringTheRead_Kept()
    {
        _queue.Add([Attempt(1)]);
        var read = _queue.BeginRead();
        _queue.Add([Attempt(2)]);
        _queue.EndRead(read, [Attempt(3)]);
        Assert.Equal([Attempt(3), Attempt(2)], [_queue.Take(), _queue.Take()]);
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public void EndRead_OlderReadEndsLast_KeepsWhatTheNewerFound()
    {
        var older = _queue.BeginRead();
        var newer = _queue.BeginRead();
        _queue.EndRead(newer, [Attempt(5)]);
        _queue.EndRead(older, []);
        Assert.Equal(Attempt(5), _queue.Take());
    }

    [Fact]
    public void EndRead_AllBeingHandedOverAlready_IsNotPartial()
    {
        var rows = Enumerable.Range(1, PoolQueue.Limit).Select(Attempt).ToImmutableArray();
        Read(rows);
        while (!_queue.IsEmpty)
        {
            _queue.Take();
        }

        Read(rows);
        Assert.False(_queue.IsPartial);
    }

    [Fact]
    public void EndRead_AsManyAsTheLimit_IsPartialUntilTheNext()
    {
        Read([.. Enumerable.Range(1, PoolQueue.Limit).Select(Attempt)]);
        Assert.True(_queue.IsPartial);
        Read();
        Assert.False(_queue.IsPartial);
        Assert.True(_queue.IsEmpty);
    }

    [Theory]
    [InlineData(0, 1_000)]
    [InlineData(1, 1_000)]
    [InlineData(4, 250)]
    [InlineData(5_000, 10)]
    public void Share_OfSoManyWorkspaces_KeepsAReadBounded(int workspaces, int share) => Assert.Equal(share, PoolQueue.Share(workspaces));

    [Fact]
    public void EndRead_AsManyOfOneWorkspaceAsItsShare_IsPartial()
    {
        _queue.EndRead(_queue.BeginRead(), [Attempt(1), Attempt(1, "v"), Attempt(2, "v")], share: 2);
        Assert.True(_queue.IsPartial);
        _queue.EndRead(_queue.BeginRead(), [Attempt(1), Attempt(1, "v")], share: 2);
        Assert.False(_queue.IsPartial);
    }

    [Fact]
    public void Take_SeveralWorkspaces_TheyTakeTurns()
    {
        Read(Attempt(1), Attempt(2), Attempt(3), Attempt(1, "v"), Attempt(2, "v"), Attempt(1, "u"));
        Assert.Equal(["w1", "v1", "u1", "w2", "v2", "w3"], Enumerable.Range(0, 6).Select(_ => Word(_queue.Take())));
    }

    [Fact]
    public void EndRead_BetweenTurns_KeepsWhoseTurnItIs()
    {
        ImmutableArray<AttemptId> rows = [Attempt(1), Attempt(2), Attempt(1, "v"), Attempt(2, "v")];
        Read(rows);
        Assert.Equal("w1", Word(_queue.Take()));
        Read(rows);
        Assert.Equal(["v1", "w2", "v2"], Enumerable.Range(0, 3).Select(_ => Word(_queue.Take())));
    }

    [Fact]
    public void Held_Workspace_WaitsUntilARead()
    {
        _queue.EndRead(_queue.BeginRead(), [Attempt(1, "v")], ["w"]);
        _queue.Add([Attempt(1)]);
        Assert.Equal("v1", Word(_queue.Take()));
        Assert.True(_queue.IsEmpty);
        Read(Attempt(1));
        Assert.Equal("w1", Word(_queue.Take()));
    }

    private static string Word(AttemptId attempt) => $"{attempt.Run.Pipeline.Workspace}{attempt.Run.Number}";

    private static AttemptId Attempt(int number, string workspace) => AttemptId.Parse($"{workspace}/p/{number}/s.j/1");

    private static AttemptId Attempt(int number) => AttemptId.Parse($"w/p/{number}/s.j/1");

    private void Read(params ImmutableArray<AttemptId> rows) => _queue.EndRead(_queue.BeginRead(), rows);
}
