using Control.Grains.Durable;
using Control.Storage;
using Control.Storage.Signals;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Control.Silo.Hosting;

/// <summary>
/// Tells the other processes of a cluster which subjects changed, over Redis' publish and subscribe, so that a gateway
/// follows at once what a grain elsewhere commits. Hints, as all signals are: while Redis is away, readers find changes with
/// their heartbeats.
/// </summary>
internal sealed class SignalRelay(SiloCluster cluster, ChangeSignal signal, SiloIdentity silo) : IHostedService, IAsyncDisposable
{
    private readonly RedisChannel _channel = RedisChannel.Literal($"{cluster.Name}/changes");
    private ConnectionMultiplexer? _redis;
    private IDisposable? _relaying;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var options = ConfigurationOptions.Parse(cluster.Redis);
        options.AbortOnConnectFail = false;
        _redis = await ConnectionMultiplexer.ConnectAsync(options);
        var subscriber = _redis.GetSubscriber();
        await subscriber.SubscribeAsync(_channel, (_, message) => Hear(message.ToString()), CommandFlags.FireAndForget);
        _relaying = signal.RelayTo(subject =>
            subscriber.Publish(_channel, $"{silo.BootId} {subject.Kind} {subject.Key}", CommandFlags.FireAndForget));
    }

    public Task StopAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        _relaying?.Dispose();
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    // What cannot be read is not ours: a stranger in Redis can at most make readers look once more.
    private void Hear(string message)
    {
        if (message.Split(' ', 3) is [var boot, var kind, var key] && boot != silo.BootId)
        {
            signal.Wake(new SubjectKey(kind, key));
        }
    }
}
