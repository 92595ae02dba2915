using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Control.Silo.Hosting;

/// <summary>
/// Gives Redis the table of members back when it has lost it, as when it was emptied or restarted without its data. Orleans' running
/// silos go on without the table and never make it again: nobody could be declared dead, and whoever starts would found a second
/// cluster beside the first, with the same grains.
/// </summary>
internal sealed partial class MembershipKeeper(SiloCluster cluster, TimeProvider time, ILogger<MembershipKeeper> logger) : BackgroundService
{
    // Orleans 10.4.2 (RedisMembershipTable): one hash, this field counts its changes, every other one is a member.
    private const string Version = "Version";

    // Silos take no table with a lower number than they have seen, and may have seen some more changes than we.
    private const long Ahead = 1000;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly RedisKey _key = Key(cluster.Name);
    private HashEntry[] _rows = [];
    private long _version = -1;

    /// <summary>Where Orleans keeps the table; it is told the same.</summary>
    public static string Key(string cluster) => $"{cluster}/members/{cluster}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var options = ConfigurationOptions.Parse(cluster.Redis);
        options.AbortOnConnectFail = false;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(redis.GetDatabase());
            }
            catch (Exception fault) when (fault is RedisException or RedisCommandException or TimeoutException)
            {
                // Redis is away, or one that takes no writes: there is nothing to lose or to give.
            }
        }
    }

    private async Task LookAsync(IDatabase redis)
    {
        var seen = await redis.HashGetAsync(_key, Version);
        var version = Number(seen);
        if (version == _version) return;
        if (version > _version)
        {
            Keep(await redis.HashGetAllAsync(_key));
            return;
        }

        if (await RestoreAsync(redis, seen)) LogRestored(_rows.Length - 1);
    }

    // Not one that was lost since its number was read.
    private void Keep(HashEntry[] rows)
    {
        var version = Number(rows.FirstOrDefault(row => row.Name == Version).Value);
        if (version > _version) (_rows, _version) = (rows, version);
    }

    // Whoever comes first; what others have written since stays. The next look learns it.
    private Task<bool> RestoreAsync(IDatabase redis, RedisValue seen)
    {
        var all = redis.CreateTransaction();
        all.AddCondition(seen.IsNull ? Condition.HashNotExists(_key, Version) : Condition.HashEqual(_key, Version, seen));
        foreach (var row in _rows.Where(row => row.Name != Version)) _ = all.HashSetAsync(_key, row.Name, row.Value, When.NotExists);
        _ = all.HashSetAsync(_key, Version, _version + Ahead);
        return all.ExecuteAsync();
    }

    private static long Number(RedisValue version) =>
        long.TryParse(version.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    [LoggerMessage(1, LogLevel.Warning, "Redis had lost the members of the cluster; its {Rows} rows were given back")]
    private partial void LogRestored(int rows);
}
