using System.Net;
using Control.Grains.Durable;
using Control.Silo.Hosting;
using Control.Storage;
using Control.Storage.Commits;
using Control.Storage.Signals;
using Control.TestKit.Silos;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Grains.Tests.Silos;

/// <summary>Hints of changes between the processes of a cluster, over a real Redis.</summary>
public sealed class SignalRelayTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-relay-");
    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Change_InOneProcess_WakesThoseWhoFollowItInAnother_AndNobodyWhoIsNotFollowed()
    {
        using var store = ControlStore.Open(new StorageOptions { DataDirectory = _folder.FullName }, TimeProvider.System, NullLoggerFactory.Instance);
        var (here, deaf) = (new ChangeSignal(NullLogger<ChangeSignal>.Instance), new ChangeSignal(NullLogger<ChangeSignal>.Instance));
        await using var writer = Relay(store.Signals, isFollowed: true);
        await using var follower = Relay(here, isFollowed: true);
        await using var other = Relay(deaf, isFollowed: false);
        foreach (var relay in (SignalRelay[])[writer, follower, other]) await relay.StartAsync(default);

        SubjectKey[] keys = [new(SubjectKinds.Workspace, "one"), new(SubjectKinds.Run, "a b/c/1")];
        var woken = keys.Select(_ => new TaskCompletionSource()).ToArray();
        var wrong = 0;
        for (var i = 0; i < keys.Length; i++)
        {
            var mine = woken[i];
            here.Subscribe(keys[i], () => mine.TrySetResult());
            deaf.Subscribe(keys[i], () => wrong++);
        }

        // Hints may be lost, as before Redis has taken the subscription: one of many gets through.
        var all = Task.WhenAll(woken.Select(one => one.Task));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var limit = new CancellationTokenSource(Limit);
        for (var version = 0L; !all.IsCompleted; version++)
        {
            await Task.WhenAll(keys.Select(key => store.Commits.CommitAsync(Change(key, version))));
            await timer.WaitForNextTickAsync(limit.Token);
        }

        Assert.Equal(0, wrong);
    }

    private SignalRelay Relay(ChangeSignal signal, bool isFollowed) => new(
        new SiloCluster { Redis = _redis.Address, Listen = new IPEndPoint(IPAddress.Loopback, 0), Certificate = null!, IsFollowed = isFollowed }, signal, SiloIdentity.Create());

    private static Commit Change(SubjectKey key, long version) => new()
    {
        Subject = key,
        ExpectedVersion = version,
        Index = new SubjectIndex("", "", 0, "active", Terminal: false, Deleted: false, "{}"),
        Document = "{}",
    };
}
