using Control.Contracts;
using Control.Contracts.Access;
using Control.Contracts.Runtime;
using Control.Engine.Runtime;
using Control.Grains.Durable;
using Control.Storage;
using Control.Storage.Commits;
using Control.Storage.Work;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Control.Silo.Statistics;

/// <summary>
/// Keeps this silo's row in the store, where gateways read it: every 5 s what it does, and that it lives. It also looks after the
/// rows of the others: gives up those that nobody renews, and deletes old ones. What is written is for people to see; nothing in
/// Control decides by it, so a store that fails is a line in the log and the next try 5 s later. Added before the engine, so that
/// it ends after it.
/// </summary>
internal sealed partial class SiloReport(
    SiloFigures figures, SiloIdentity silo, CommitStore commits, WorkIndex work, TimeProvider time, ILogger<SiloReport> log)
    : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // How long a store that does not answer may hold up the end of the process.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly SiloWatch _watch = new(SiloMachine.SilentAfter);
    private readonly long _began = time.GetTimestamp();
    private Task _reporting = Task.CompletedTask;
    private SiloView? _last;
    private SiloState? _state;
    private long _version;
    private bool _isLeaving;
    private bool _isDoubtful;
    private bool _hasFailed;

    private SubjectKey Subject => new(SubjectKinds.Silo, silo.BootId);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _reporting = ReportAsync(_ended.Token);
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isLeaving = true;
        return _last is not { } last || _ended.IsCancellationRequested ? Task.CompletedTask : TryAsync(() => RenewAsync(last));
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_ended.IsCancellationRequested) return;
        await _ended.CancelAsync();
        await TryAsync(async () =>
        {
            await _reporting;
            if (_last is not null) await WriteAsync(_last with { SeenAt = time.GetUtcNow() }, SiloMachine.Leave);
        });
    }

    /// <summary>Ends without a word, as a process that is killed does.</summary>
    public void Dispose() => _ended.Cancel();

    private async Task ReportAsync(CancellationToken ended)
    {
        // The host's start must not wait for the first pass.
        await Task.Yield();
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do await ReportOnceAsync(ended);
            while (await timer.WaitForNextTickAsync(ended));
        }
        catch (OperationCanceledException)
        {
            // The silo ends.
        }
    }

    // The others first: who sees this row renewed knows that they were looked after as well.
    private async Task ReportOnceAsync(CancellationToken ended)
    {
        try
        {
            await LookAfterOthersAsync(ended);
            await RenewAsync(figures.Measure());
            _hasFailed = false;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException && !ended.IsCancellationRequested)
        {
            if (!_hasFailed) LogFailed(fault);
            _hasFailed = true;
        }
    }

    private Task RenewAsync(SiloView view)
    {
        _last = view with { SeenAt = time.GetUtcNow() };
        return WriteAsync(_last, found => SiloMachine.Renew(found, _isLeaving));
    }

    private async Task WriteAsync(SiloView view, Func<SiloState?, SiloStep?> decide)
    {
        await _turn.WaitAsync();
        try
        {
            while (true)
            {
                if (_isDoubtful) await FindAsync();
                if (decide(_state) is not { } step) return;
                _isDoubtful = true;
                try
                {
                    var receipt = await commits.CommitAsync(Row(view, step, _version, noticedBy: null));
                    (_version, _state, _isDoubtful) = (receipt.Version, step.State, false);
                    return;
                }
                catch (InconsistentStateException)
                {
                    // Another silo has given this one up meanwhile.
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task FindAsync()
    {
        var row = await commits.LoadAsync(Subject);
        (_version, _state) = (row?.Version ?? 0, row is null ? null : ContractJson.Read<SiloView>(row.Index.View).State);
        _isDoubtful = false;
    }

    private async Task LookAfterOthersAsync(CancellationToken ended)
    {
        var others = (await work.SilosAsync(ended)).Where(row => row.Key != silo.BootId).ToList();
        var alive = others.Where(row => SiloMachine.IsAlive(StateOf(row)));
        var silent = _watch.Look(alive.Select(row => KeyValuePair.Create(row.Key, row.Version)), time.GetElapsedTime(_began));
        foreach (var row in others)
        {
            if (silent.Contains(row.Key)) await GiveUpAsync(row);
            else if (SiloMachine.IsForgotten(StateOf(row), time.GetUtcNow() - row.UpdatedAt)) await ForgetAsync(row);
        }
    }

    private async Task GiveUpAsync(SubjectHead row)
    {
        if (SiloMachine.GiveUp(StateOf(row)) is not { } step || await LoadAsync(row) is not { } view) return;
        if (await TryCommitAsync(Row(view, step, row.Version, silo.BootId))) LogLost(view.Name, view.Address ?? "no address", view.Id);
    }

    // The last event stays, which says how the silo ended.
    private async Task ForgetAsync(SubjectHead row)
    {
        if (await LoadAsync(row) is not { } view) return;
        var gone = Row(view, new SiloStep(StateOf(row)), row.Version, null);
        if (await TryCommitAsync(gone with { Index = gone.Index with { Deleted = true } })) await commits.PurgeAsync(gone.Subject);
    }

    private async Task<SiloView?> LoadAsync(SubjectHead row) =>
        await commits.LoadAsync(new SubjectKey(SubjectKinds.Silo, row.Key)) is { } stored && stored.Version == row.Version
            ? ContractJson.Read<SiloView>(stored.Index.View)
            : null;

    private async Task<bool> TryCommitAsync(Commit commit)
    {
        try
        {
            await commits.CommitAsync(commit);
            return true;
        }
        catch (InconsistentStateException)
        {
            // Its silo, or another one that looks after it, was quicker.
            return false;
        }
    }

    private Commit Row(SiloView view, SiloStep step, long version, string? noticedBy)
    {
        var change = ContractJson.Write(new SiloChange(view.Name, view.Address, view.StartedAt, noticedBy));
        return new Commit
        {
            Subject = new SubjectKey(SubjectKinds.Silo, view.Id),
            ExpectedVersion = version,
            Document = "{}",
            Index = new SubjectIndex(
                "", "", view.StartedAt.UtcTicks, Word(step.State), Terminal: true, Deleted: false, ContractJson.Write(view with { State = step.State })),
            Events = step.Event is null ? [] : [new NewEvent(step.Event, time.GetUtcNow(), Actor.System, change)],
        };
    }

    private static string Word(SiloState state) => ContractJson.Write(state).Trim('"');

    private static SiloState StateOf(SubjectHead row) => ContractJson.Read<SiloState>($"\"{row.State}\"");

    private async Task TryAsync(Func<Task> attempt)
    {
        try
        {
            await attempt().WaitAsync(Patience, time);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogLeaveFailed(fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What this silo does cannot be shown; it is tried again every 5 s, and told when it fails anew")]
    private partial void LogFailed(Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "That this silo leaves could not be written; the others show it as lost")]
    private partial void LogLeaveFailed(Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Silo {Name} at {Address} no longer renews its row and is shown as lost: {Silo}")]
    private partial void LogLost(string name, string address, string silo);
}
