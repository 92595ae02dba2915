using Control.Storage.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Storage.Tests.Signals;

public sealed class ChangeSignalTests
{
    private static readonly SubjectKey Run = Make.Key("w/p/1");

    private readonly ChangeSignal _signal = new(NullLogger<ChangeSignal>.Instance);

    [Fact]
    public async Task Raise_Subscribed_CallsThatSubjectsSubscribersOnly()
    {
        var called = new TaskCompletionSource();
        using var other = _signal.Subscribe(Make.Key("w/p/2"), () => called.TrySetException(new InvalidOperationException("Not its subject.")));
        using var first = _signal.Subscribe(Run, called.SetResult);
        _signal.Raise(Run);
        await called.Task;
    }

    [Fact]
    public void Dispose_LastSubscriber_LeavesNothingBehind()
    {
        var subscriptions = Enumerable.Range(0, 10).Select(i => _signal.Subscribe(Make.Key($"{i % 2}"), () => { })).ToArray();
        Assert.Equal(2, _signal.SubjectCount);
        foreach (var subscription in subscriptions)
        {
            subscription.Dispose();
            subscription.Dispose();
        }

        Assert.Equal(0, _signal.SubjectCount);
        _signal.Raise(Run);
    }

    [Fact]
    public async Task Dispose_ManyThreads_LeavesNothingBehind()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 2000; i++)
                _signal.Subscribe(Run, () => { }).Dispose();
        })));
        Assert.Equal(0, _signal.SubjectCount);
    }

    [Fact]
    public async Task Raise_WhileACallRuns_JoinedIntoOneMoreThatDoesNotOverlap()
    {
        var (calls, inside) = (0, 0);
        var entered = new SemaphoreSlim(0);
        using var leave = new SemaphoreSlim(0);
        using var subscription = _signal.Subscribe(Run, () =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            Interlocked.Increment(ref calls);
            entered.Release();
            leave.Wait();
            Interlocked.Decrement(ref inside);
        });
        _signal.Raise(Run);
        await entered.WaitAsync();
        for (var i = 0; i < 100; i++)
            _signal.Raise(Run);
        leave.Release();
        await entered.WaitAsync();
        leave.Release();
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Raise_SubscriberThrows_OthersAndLaterCallsGoOn()
    {
        var calls = new SemaphoreSlim(0);
        using var broken = _signal.Subscribe(Run, () =>
        {
            calls.Release();
            throw new InvalidOperationException("A subscriber's fault.");
        });
        using var sound = _signal.Subscribe(Run, () => calls.Release());
        for (var round = 0; round < 2; round++)
        {
            _signal.Raise(Run);
            await calls.WaitAsync();
            await calls.WaitAsync();
        }
    }
}
