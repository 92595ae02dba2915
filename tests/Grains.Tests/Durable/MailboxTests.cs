using Control.Grains.Durable;

namespace Control.Grains.Tests.Durable;

public sealed class MailboxTests
{
    private readonly List<List<int>> _commits = [];
    private readonly Queue<TaskCompletionSource> _gates = new();
    private readonly Mailbox<List<int>> _mailbox;

    public MailboxTests() => _mailbox = new Mailbox<List<int>>(() => [], CommitAsync);

    [Fact]
    public async Task Post_WhileACommitIsUnderWay_GatheredIntoOne()
    {
        var gate = Gate();
        var first = Post(1);
        var rest = Enumerable.Range(2, 5).Select(Post).ToList();
        Assert.False(first.IsCompleted);
        gate.SetResult();
        var answers = await Task.WhenAll(rest.Prepend(first));
        Assert.Equal([1, 2, 3, 4, 5, 6], answers);
        Assert.Equal([[1], [2, 3, 4, 5, 6]], _commits);
    }

    [Fact]
    public async Task Post_CommitFails_EveryCallerOfTheBatchFailsAndLaterOnesGoOn()
    {
        var (gate, fault) = (Gate(), Gate());
        var first = Post(1);
        var failing = new[] { Post(2), Post(3) };
        gate.SetResult();
        await first;
        fault.SetException(new InvalidOperationException("disk"));
        foreach (var post in failing)
        {
            Assert.Equal("disk", (await Assert.ThrowsAsync<InvalidOperationException>(() => post)).Message);
        }

        Assert.Equal(4, await Post(4));
    }

    [Fact]
    public async Task Post_MessageThrows_FailsAlone()
    {
        var gate = Gate();
        var first = Post(1);
        var bad = _mailbox.Post<int>(batch =>
        {
            batch.Add(99);
            throw new FormatException();
        });
        var good = Post(3);
        gate.SetResult();
        await first;
        await Assert.ThrowsAsync<FormatException>(() => bad);
        Assert.Equal(3, await good);
        Assert.Equal([[1], [3]], _commits);
    }

    [Fact]
    public async Task Post_OnlyMessageThrows_NothingCommitted()
    {
        await Assert.ThrowsAsync<FormatException>(() => _mailbox.Post<int>(_ => throw new FormatException()));
        Assert.Empty(_commits);
    }

    [Fact]
    public async Task Post_OthersKeepComing_FirstIsAnsweredAfterItsOwnCommit()
    {
        var (one, two) = (Gate(), Gate());
        var first = Post(1);
        var second = Post(2);
        one.SetResult();
        Assert.Equal(1, await first.WaitAsync(World.Limit));
        Assert.False(second.IsCompleted);
        two.SetResult();
        await second;
    }

    [Fact]
    public async Task Post_FromAnAnsweredCaller_NotLost()
    {
        var answer = await Post(1).ContinueWith(_ => Post(2), TaskScheduler.Default).Unwrap();
        Assert.Equal(2, answer);
    }

    private Task<int> Post(int value) => _mailbox.Post(batch =>
    {
        batch.Add(value);
        return value;
    });

    private TaskCompletionSource Gate()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _gates.Enqueue(gate);
        return gate;
    }

    private async Task CommitAsync(List<int> batch)
    {
        _commits.Add(batch);
        if (_gates.TryDequeue(out var gate))
        {
            await gate.Task;
        }
    }
}
