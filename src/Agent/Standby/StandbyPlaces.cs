using System.ComponentModel;
using Control.Agent.Processes;
using Control.Agent.Users;

namespace Control.Agent.Standby;

/// <summary>Whom a job runs as, and the shell that waits to become its first command.</summary>
/// <param name="User">Null for the agent's own user.</param>
/// <param name="Shell">Null when none was ready.</param>
internal sealed record StandbyPlace(JobUser? User, WaitingShell? Shell);

/// <summary>
/// Keeps one place ready for the next job, so that a job whose lease has come begins at once. Where several come together, the
/// others make theirs as they begin.
/// </summary>
/// <param name="programs">For the shell.</param>
/// <param name="reaper">Told of the shell.</param>
/// <param name="users">Whom jobs run as; null for the agent's own user.</param>
/// <param name="bootMark">Prefix of the marks.</param>
/// <param name="capacity">Jobs at a time: a range with no user to spare has none for waiting.</param>
/// <param name="time">For the pause.</param>
internal sealed class StandbyPlaces(Programs programs, Reaper reaper, JobUsers? users, string bootMark, int capacity, TimeProvider time) : IAsyncDisposable
{
    // Making a place costs about as much as a job's first command costs to become what it is, 7 to 8 ms: done at the same time on
    // two cores, a job begins half as late again (make bench, run.spawn_idle_line_p50). Waiting longer makes the next job late
    // when this one ends at once: 10 ms instead of 50 take run.spawn_p50 from 16 to 10 ms.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly bool _canWait = users is null || users.Range.Count > capacity;
    private readonly Lock _gate = new();
    private Task<StandbyPlace?>? _next;
    private TaskCompletionSource _hurry = new();
    private bool _isOver;

    /// <summary>Begins to make a place, where none is ready or being made. Returns at once.</summary>
    public void Prepare()
    {
        PrepareLater();
        Hurry();
    }

    /// <summary>As <see cref="Prepare"/>, but leaves the machine to a job that is just beginning: for 10 ms, or until the place is asked for.</summary>
    public void PrepareLater()
    {
        lock (_gate)
        {
            if (_canWait && !_isOver && _next is null)
            {
                _hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _next = MakeAfterAsync(_hurry.Task);
            }
        }
    }

    /// <summary>The place that waits, once it is made; null when none is.</summary>
    public Task<StandbyPlace?> PeekAsync()
    {
        lock (_gate)
        {
            return _next ?? Task.FromResult<StandbyPlace?>(null);
        }
    }

    /// <summary>A place for a job that begins now.</summary>
    /// <exception cref="IOException">No user is free.</exception>
    public async Task<StandbyPlace> TakeAsync()
    {
        if (await TakeNextAsync().ConfigureAwait(false) is not { } place)
        {
            return new StandbyPlace(users is null ? null : await users.ClaimAsync().ConfigureAwait(false), null);
        }

        if (place.Shell is { Process.HasExited: true } dead)
        {
            await dead.DisposeAsync().ConfigureAwait(false);
            return place with { Shell = null };
        }

        return place;
    }

    /// <summary>Ends what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        if (await TakeNextAsync().ConfigureAwait(false) is { } place)
        {
            await (place.Shell?.DisposeAsync() ?? ValueTask.CompletedTask).ConfigureAwait(false);
            place.User?.Dispose();
        }
    }

    private async Task<StandbyPlace?> TakeNextAsync()
    {
        Task<StandbyPlace?>? next;
        lock (_gate)
        {
            (next, _next) = (_next, null);
        }

        Hurry();
        return next is null ? null : await next.ConfigureAwait(false);
    }

    private void Hurry()
    {
        lock (_gate)
        {
            _hurry.TrySetResult();
        }
    }

    private async Task<StandbyPlace?> MakeAfterAsync(Task hurry)
    {
        using var stop = new CancellationTokenSource();
        await Task.WhenAny(hurry, Task.Delay(Pause, time, stop.Token)).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        return await MakeAsync().ConfigureAwait(false);
    }

    // Null when it cannot be made: the job that makes its own says why.
    private async Task<StandbyPlace?> MakeAsync()
    {
        JobUser? user = null;
        try
        {
            user = users is null ? null : await users.ClaimAsync().ConfigureAwait(false);
            return new StandbyPlace(user, WaitingShell.Start(programs, reaper, user, $"{bootMark}waiting/"));
        }
        catch (Exception e) when (e is IOException or Win32Exception)
        {
            user?.Dispose();
            return null;
        }
    }
}
