using Control.Contracts.Workspaces;
using Control.Engine.Pipelines;
using Control.Grains.Durable;

namespace Control.Grains.Pipelines;

// Starts of runs. All that came while a commit was under way get their numbers with the next one. Their runs are made, and waited
// for, beside that: else the commits of two grains would stand between one start and the next.
internal sealed partial class PipelineGrain
{
    // How many starts are remembered for repeats that outlive the gateway's own memory of idempotency keys.
    private const int RememberedStarts = 100;
    private const int MaxOperationId = 128;

    // Keeps the document, and what a single turn does, within bounds.
    private const int MostAtOnce = 64;

    // A run that was accepted but could not be made, such as on a full disk, is tried again this often.
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(5);

    private readonly List<WaitingStart> _waiting = [];
    private readonly HashSet<long> _made = [];
    private readonly Dictionary<long, Task> _making = [];
    // Starts come in while another call of this grain waits for something: what writes the document does it one after the other.
    private readonly SemaphoreSlim _turn = new(1);
    private bool _isAccepting;
    private IGrainTimer? _retry;

    private IEnumerable<StartRecord> Unmade =>
        Document?.Starts.Where(start => start.Pending is not null && !_made.Contains(start.Number)) ?? [];

    public async Task<Outcome<RunStarted>> Start(StartRun command)
    {
        var start = new WaitingStart(command);
        _waiting.Add(start);
        if (!_isAccepting)
        {
            // Not waited for: whoever comes first is not to wait for all who come later. It never fails.
            _ = AcceptWaiting();
        }

        var answer = await start.Answer;
        if (answer.Granted && Document?.Starts.FirstOrDefault(known => known.Number == answer.Value.Run.Number) is { Pending: not null } known
            && !_made.Contains(known.Number))
        {
            await MakeRun(known);
        }

        return answer;
    }

    public Task Wake() => Task.WhenAll(Unmade.ToList().Select(MakeRun));

    private async Task AcceptWaiting()
    {
        _isAccepting = true;
        while (_waiting.Count > 0)
        {
            using (await TurnAsync())
            {
                var starts = _waiting.Take(MostAtOnce).ToList();
                _waiting.RemoveRange(0, starts.Count);
                try
                {
                    await Accept(starts);
                }
                catch (Exception fault)
                {
                    // The activation ends with a commit that fails: who still waits has nothing to wait for.
                    starts.Concat(_waiting).ToList().ForEach(start => start.Fail(fault));
                    _waiting.Clear();
                }
            }
        }

        _isAccepting = false;
    }

    private async Task<IDisposable> TurnAsync()
    {
        await _turn.WaitAsync();
        return new Turn(_turn);
    }

    private async Task Accept(List<WaitingStart> starts)
    {
        if (Live is not { } document)
        {
            starts.ForEach(start => start.Tell(NotFound()));
            return;
        }

        var spec = await Spec(document.DefinitionVersion);
        var limits = await GrainFactory.GetGrain<IWorkspaceGrain>(Id.Workspace).GetLimits();
        // Where there is a limit, each start must find the runs before it in the queue.
        foreach (var some in starts.Chunk(limits.RunningRuns == 0 ? MostAtOnce : 1))
        {
            await Accept(some, spec, limits);
        }
    }

    private async Task Accept(WaitingStart[] starts, PipelineSpec spec, WorkspaceLimits limits)
    {
        var next = Document!;
        var accepted = new List<(WaitingStart Start, StartRecord Record)>();
        foreach (var start in starts)
        {
            if (next.Starts.FirstOrDefault(known => known.OperationId == start.Command.OperationId) is { } known)
            {
                accepted.Add((start, known));
            }
            else if (Prepare(start.Command, spec, limits, out var pending) is { } bad)
            {
                start.Tell(bad);
            }
            else if (await WhyNotQueue(limits) is { } full)
            {
                start.Tell(full);
            }
            else
            {
                var record = new StartRecord(start.Command.OperationId, next.LastRun + 1, pending);
                next = next with { LastRun = record.Number, Starts = next.Starts.Add(record) };
                accepted.Add((start, record));
            }
        }

        var first = Document!.LastRun + 1;
        if (next.LastRun >= first)
        {
            await Save(next with { Starts = Remember(next.Starts) }, starts[^1].Command.By);
            ForgetMade();
            await Make(next.Starts.Where(record => record.Number >= first), isAwaited: limits.RunningRuns > 0);
        }

        // The first of several with one operation is the start, the others are its repeats.
        var told = new HashSet<long>();
        accepted.ForEach(one => one.Start.Tell(new RunStarted(
            new RunId(Id, one.Record.Number), Repeated: one.Record.Number < first || !told.Add(one.Record.Number))));
    }

    private Refusal? Prepare(StartRun command, PipelineSpec spec, WorkspaceLimits limits, out PendingRun pending)
    {
        var (parameters, errors) = ParameterBinder.Bind(spec.Parameters, command.Parameters);
        errors = [.. errors, .. StartChecks.Of(spec, command, MaxOperationId)];
        pending = new PendingRun(
            Document!.DefinitionVersion, parameters, command.Ref ?? spec.Source?.Ref, Now, command.By, command.TraceParent, limits);
        return errors.IsEmpty ? null : Refusal.BadRequest("bad-start", $"The pipeline {Id} cannot be started like this.", errors);
    }

    // Who started them is told of those that could not be made.
    private async Task Make(IEnumerable<StartRecord> starts, bool isAwaited)
    {
        var made = Task.WhenAll(starts.Select(MakeRun));
        made.Forget();
        if (isAwaited)
        {
            await made.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    // Asked first, so that the start is refused instead of a run that only fails; the group itself has the last word.
    private async Task<Refusal?> WhyNotQueue(WorkspaceLimits limits)
    {
        if (limits.RunningRuns == 0)
        {
            return null;
        }

        var most = limits.QueuedRuns > 0 ? limits.QueuedRuns : WorkspaceLimits.MostQueued;
        return await GrainFactory.GetGrain<IGroupGrain>(GroupId.RunsOf(Id.Workspace).ToString()).CountWaiting() >= most
            ? Refusal.Limit("queue-full", $"{most} runs of the workspace '{Id.Workspace}' wait already, and no more may. Try again later, or cancel some.")
            : null;
    }

    private Task MakeRun(StartRecord start)
    {
        if (_making.TryGetValue(start.Number, out var making))
        {
            return making;
        }

        making = Make(start);
        if (!making.IsCompleted)
        {
            _making.Add(start.Number, making);
        }

        return making;
    }

    private async Task Make(StartRecord start)
    {
        var pending = start.Pending!;
        var command = new CreateRun(
            pending.DefinitionVersion,
            await Spec(pending.DefinitionVersion),
            pending.Parameters,
            pending.Ref,
            pending.At,
            pending.By,
            pending.TraceParent,
            pending.Limits);
        try
        {
            await GrainFactory.GetGrain<IRunGrain>(new RunId(Id, start.Number).ToString()).Create(command);
            _made.Add(start.Number);
        }
        catch
        {
            _retry ??= this.RegisterGrainTimer(Retry, new GrainTimerCreationOptions(RetryEvery, RetryEvery) { KeepAlive = true });
            throw;
        }
        finally
        {
            _making.Remove(start.Number);
        }
    }

    private async Task Retry(CancellationToken cancellationToken)
    {
        await Wake();
        _retry?.Dispose();
        _retry = null;
    }

    // Starts whose runs are made are noted as such with the next commit, which costs nothing extra.
    private ImmutableArray<StartRecord> Remember(ImmutableArray<StartRecord> starts)
    {
        var noted = starts.Select(known => _made.Contains(known.Number) ? known with { Pending = null } : known).ToList();
        return [.. noted.Where((record, i) => record.Pending is not null || i >= noted.Count - RememberedStarts)];
    }

    // Only once that is committed: until then they still count as pending.
    private void ForgetMade() =>
        _made.IntersectWith(Document!.Starts.Where(start => start.Pending is not null).Select(start => start.Number).ToHashSet());

    // A start that has no number yet.
    private sealed class WaitingStart(StartRun command)
    {
        private readonly TaskCompletionSource<Outcome<RunStarted>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public StartRun Command => command;

        public Task<Outcome<RunStarted>> Answer => _answer.Task;

        public void Tell(Outcome<RunStarted> answer) => _answer.TrySetResult(answer);

        public void Fail(Exception fault) => _answer.TrySetException(fault);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
