using Control.Storage.Secrets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Control.Silo.Hosting;

/// <summary>
/// Watches the file of the keys that seal secrets. After a key was added, by whichever process, it seals what older ones have
/// sealed anew with that; as long as there are older ones it looks again now and then, for what another process sealed just
/// before it took notice. Several silos do the same work, which is harmless.
/// </summary>
internal sealed partial class SecretKeeper(SecretRotation rotation, TimeProvider time, ILogger<SecretKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AgainEvery = TimeSpan.FromMinutes(10);

    private long _doneKey;
    private long _doneAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host's start must not wait for the first pass.
        await Task.Yield();
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                rotation.Refresh();
                if (rotation.HasOldKeys && (_doneKey != rotation.CurrentKey || time.GetElapsedTime(_doneAt) >= AgainEvery))
                {
                    await ResealAsync(stoppingToken);
                }
            }
            catch (Exception fault) when (fault is not (OutOfMemoryException or OperationCanceledException))
            {
                LogFailed(fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ResealAsync(CancellationToken cancellationToken)
    {
        var key = rotation.CurrentKey;
        var result = await rotation.ResealAsync(cancellationToken);
        (_doneKey, _doneAt) = (key, time.GetTimestamp());
        if (result.Count > 0)
        {
            LogResealed(result.Count, key);
        }

        if (!result.Unreadable.IsEmpty)
        {
            LogUnreadable(result.Unreadable.Length, string.Join(", ", result.Unreadable.Take(10)));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} secrets are sealed with key {Key} now")]
    private partial void LogResealed(int count, long key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} secrets cannot be opened and keep their old seals; set them again: {Names}")]
    private partial void LogUnreadable(int count, string names);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The keys that seal secrets cannot be looked after; it is tried again in 5 s")]
    private partial void LogFailed(Exception fault);
}
