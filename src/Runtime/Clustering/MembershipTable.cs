using StackExchange.Redis;

namespace Control.Runtime.Clustering;

/// <summary>
/// The view and the leases in Redis. The view is one text, replaced only by whoever read the one before; leases are keys that
/// expire by Redis' own clock, so the silos' clocks do not matter.
/// </summary>
internal sealed class MembershipTable : IAsyncDisposable
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(2);

    private readonly string _name;
    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _database;

    private MembershipTable(string name, ConnectionMultiplexer redis) => (_name, _redis, _database) = (name, redis, redis.GetDatabase());

    private RedisKey ViewKey => $"{_name}/view";

    private RedisChannel Channel => RedisChannel.Literal($"{_name}/view");

    /// <summary>Connects.</summary>
    /// <exception cref="Orleans.Runtime.OrleansConfigurationException">Redis does not answer: nobody can join without it.</exception>
    public static async Task<MembershipTable> OpenAsync(ClusterOptions options)
    {
        var configuration = ConfigurationOptions.Parse(options.Redis);
        configuration.ConnectTimeout = (int)ConnectWithin.TotalMilliseconds;
        configuration.AsyncTimeout = (int)AnswersWithin.TotalMilliseconds;
        // All silos are back within a moment of each other: who is late has no lease for longer than others wait.
        configuration.ReconnectRetryPolicy = new LinearRetry(500);
        // Who is told at once that Redis is away goes on without it; a queue would only make everybody late.
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        try
        {
            var redis = await ConnectionMultiplexer.ConnectAsync(configuration).ConfigureAwait(false);
            return new MembershipTable(options.Name, redis);
        }
        catch (RedisConnectionException fault)
        {
            // Without the address: it may carry a password.
            throw new Orleans.Runtime.OrleansConfigurationException(
                "Redis, where the silos of the cluster find each other, does not answer. Check its address, and that it runs, and start again.", fault);
        }
    }

    /// <summary>Calls whenever somebody changed the view, as far as Redis tells.</summary>
    public Task WatchAsync(Action changed) =>
        _redis.GetSubscriber().SubscribeAsync(Channel, (_, _) => changed(), CommandFlags.FireAndForget);

    /// <summary>The view as it stands; null when there is none.</summary>
    /// <exception cref="RedisException">Redis is away.</exception>
    public async Task<(ClusterView? View, RedisValue Raw)> ReadAsync()
    {
        var raw = await _database.StringGetAsync(ViewKey).ConfigureAwait(false);
        return (ClusterView.Parse(raw), raw);
    }

    /// <summary>Replaces the view that was read.</summary>
    /// <returns>False when somebody else did.</returns>
    /// <exception cref="RedisException">Redis is away; whether it happened is unknown.</exception>
    public async Task<bool> TryReplaceAsync(RedisValue read, ClusterView next)
    {
        var transaction = _database.CreateTransaction();
        transaction.AddCondition(read.IsNull ? Condition.KeyNotExists(ViewKey) : Condition.StringEqual(ViewKey, read));
        _ = transaction.StringSetAsync(ViewKey, next.ToJson());
        _ = transaction.PublishAsync(Channel, next.Version);
        return await transaction.ExecuteAsync().ConfigureAwait(false);
    }

    /// <summary>Says that a silo lives.</summary>
    /// <exception cref="RedisException">Redis is away.</exception>
    public Task RenewAsync(SiloId silo, TimeSpan lease) => _database.StringSetAsync(LeaseKey(silo), 1, lease);

    /// <summary>Ends a silo's lease.</summary>
    public Task EndLeaseAsync(SiloId silo) => _database.KeyDeleteAsync(LeaseKey(silo), CommandFlags.FireAndForget);

    /// <summary>Which of the silos have no lease.</summary>
    /// <exception cref="RedisException">Redis is away.</exception>
    public async Task<SiloId[]> FindLapsedAsync(SiloId[] silos)
    {
        if (silos.Length == 0) return [];
        var leases = await _database.StringGetAsync([.. silos.Select(LeaseKey)]).ConfigureAwait(false);
        return [.. silos.Where((_, index) => leases[index].IsNull)];
    }

    /// <summary>How long a silo's lease still lasts; null when it has none.</summary>
    /// <exception cref="RedisException">Redis is away.</exception>
    public Task<TimeSpan?> LeaseLeftAsync(SiloId silo) => _database.KeyTimeToLiveAsync(LeaseKey(silo));

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    private RedisKey LeaseKey(SiloId silo) => $"{_name}/lease/{silo}";
}
