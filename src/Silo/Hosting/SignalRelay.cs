using System.Threading.Channels;
using Control.Grains.Durable;
using Control.Storage;
using Control.Storage.Signals;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Control.Silo.Hosting;

/// <summary>
/// Tells the other processes of a cluster which subjects changed, over Redis' publish and subscribe, so that a gateway
/// follows at once what a grain elsewhere commits. What changes while a message is under way goes with the next one. Hints, as
/// all signals are: while Redis is away, readers find changes with their heartbeats.
/// </summary>
internal sealed class SignalRelay(SiloCluster cluster, ChangeSignal signal, SiloIdentity silo) : IHostedService, IAsyncDisposable
{
    private const int MostWaiting = 4096;
    private const int MostTogether = 256;

    private readonly RedisChannel _channel = RedisChannel.Literal($"{cluster.Name}/changes");
    private readonly Channel<SubjectKey> _changes = Channel.CreateBounded<SubjectKey>(
        new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });
    private ConnectionMultiplexer? _redis;
    private IDisposable? _relaying;
    private Task _telling = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var options = ConfigurationOptions.Parse(cluster.Redis);
        options.AbortOnConnectFail = false;
        _redis = await ConnectionMultiplexer.ConnectAsync(options);
        var subscriber = _redis.GetSubscriber();
        if (cluster.IsFollowed) await subscriber.SubscribeAsync(_channel, (_, message) => Hear(message.ToString()), CommandFlags.FireAndForget);
        _telling = TellAsync(subscriber);
        _relaying = signal.RelayTo(subject => _changes.Writer.TryWrite(subject));
    }

    public Task StopAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        _relaying?.Dispose();
        _changes.Writer.TryComplete();
        // Ends what is under way, which might wait for a Redis that is away.
        if (_redis is not null) await _redis.DisposeAsync();
        await _telling;
    }

    private async Task TellAsync(ISubscriber subscriber)
    {
        while (await _changes.Reader.WaitToReadAsync())
        {
            try
            {
                await subscriber.PublishAsync(_channel, Gather());
            }
            catch (Exception e) when (e is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException)
            {
                // The next heartbeats of whoever follows make up for it.
            }
        }
    }

    // The sender, then a line for each subject; of one subject, what versions before wrote and read.
    private string Gather()
    {
        var subjects = new HashSet<SubjectKey>();
        while (subjects.Count < MostTogether && _changes.Reader.TryRead(out var subject)) subjects.Add(subject);
        return $"{silo.BootId} {string.Join('\n', subjects.Select(subject => $"{subject.Kind} {subject.Key}"))}";
    }

    // What cannot be read is not ours: a stranger in Redis can at most make readers look once more.
    private void Hear(string message)
    {
        if (message.Split(' ', 2) is not [var boot, var subjects] || boot == silo.BootId) return;
        foreach (var line in subjects.Split('\n', MostTogether + 1))
        {
            if (line.Split(' ', 2) is [var kind, var key]) signal.Wake(new SubjectKey(kind, key));
        }
    }
}
