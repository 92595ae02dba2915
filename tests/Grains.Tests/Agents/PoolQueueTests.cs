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

    private static AttemptId Attempt(int number) => AttemptId.Parse($"w/p/{number}/s.j/1");

    private void Read(params ImmutableArray<AttemptId> rows) => _queue.EndRead(_queue.BeginRead(), rows);
}
