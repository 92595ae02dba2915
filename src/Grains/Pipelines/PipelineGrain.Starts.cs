using Control.Contracts.Workspaces;
using Control.Engine.Pipelines;
using Orleans.Storage;

namespace Control.Grains.Pipelines;

// Starts of runs. All that came while a commit was under way get their numbers with the next one. Their runs are made, and waited
// for, beside that: else the commits of two grains would stand between one start and the next.
internal sealed partial class PipelineGrain
{
    // How many starts are remembered for repeats that outlive the gateway's own memory of idempotency keys.
    private const int RememberedStarts = 100;
    private const int MaxOperationId = 128;

    // Keep the document, and what a single turn does, within bounds: a start has up to 200 KiB of parameters, and a commit 4 MiB.
    // They hold for what is accepted at once and for what was accepted and has no run yet.
    private const int MostAtOnce = 64;
    private const int MostTextAtOnce = 256 * 1024;

    // Starts interleave, so the engine's limit on calls that wait for a grain does not hold for them.
    private const int MostWaiting = 1000;

    // A run that was accepted but could not be made, such as on a full disk, is tried again this often.
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(5);

    // Callers give up after that; carried out all the same, a start would meet its own repeat.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

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
        if (_waiting.Count >= MostWaiting) FailGivenUp();
        if (_waiting.Count >= MostWaiting)
        {
            throw new LimitExceededException($"{MostWaiting} starts of {Id} wait already. Repeat this one in a moment.");
        }

        var start = new WaitingStart(command, Time.GetTimestamp());
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
            var taken = new List<WaitingStart>();
            try
            {
                using var turn = await TurnAsync();
                await AcceptNext(taken);
            }
            catch (Exception fault)
            {
                if (IsEnding)
                {
                    taken.AddRange(_waiting);
                    _waiting.Clear();
                }

                // Nobody but who was taken: a question that failed says nothing about the others.
                taken.ForEach(start => start.Fail(fault));
            }
        }

        _isAccepting = false;
    }

    // An activation whose commit has failed ends, and what it knows may be older than the store.
    private async Task<IDisposable> TurnAsync()
    {
        await _turn.WaitAsync();
        var turn = new Turn(_turn);
        if (!IsEnding)
        {
            return turn;
        }

        turn.Dispose();
        throw new InconsistentStateException($"{Id} is being loaded anew after a commit that failed. Repeat the request in a moment.");
    }

    private async Task AcceptNext(List<WaitingStart> taken)
    {
        // The first is taken in any case: if one of these fails, it is for it that it was asked.
        Take(taken, 1);
        if (Live is not { } document)
        {
            taken.ForEach(start => start.Tell(NotFound()));
            return;
        }

        await MakeRoom();
        var spec = await Spec(document.DefinitionVersion);
        var limits = await GrainFactory.GetGrain<IWorkspaceGrain>(Id.Workspace).GetLimits();
        // Where there is a limit, each start must find the runs before it in the queue.
        if (limits.RunningRuns == 0)
        {
            Take(taken, MostAtOnce);
        }

        await Accept(taken, spec, limits);
    }

    // Moves waiting starts, up to so many in all; those whose callers have given up fail.
    private void Take(List<WaitingStart> taken, int most)
    {
        FailGivenUp();
        while (_waiting.Count > 0 && taken.Count < most && (taken.Count == 0 || taken.Sum(start => start.Length) < MostTextAtOnce))
        {
            taken.Add(_waiting[0]);
            _waiting.RemoveAt(0);
        }
    }

    // They came one after the other, and all wait as long at most.
    private void FailGivenUp()
    {
        while (_waiting.Count > 0 && Time.GetElapsedTime(_waiting[0].Since) >= Patience)
        {
            _waiting[0].Fail(new TimeoutException($"The start of {Id} waited for {Patience.TotalSeconds:0} s."));
            _waiting.RemoveAt(0);
        }
    }

    private async Task Accept(List<WaitingStart> starts, PipelineSpec spec, WorkspaceLimits limits)
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
            await Save(next with { Starts = Remember(next.Starts) }, next.Starts[^1].Pending!.By);
            ForgetMade();
            var made = Make(next.Starts.Where(record => record.Number >= first));
            if (limits.RunningRuns > 0) await made;
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

    // Never fails: who started them is told of those that could not be made.
    private async Task Make(IEnumerable<StartRecord> starts) =>
        await Task.WhenAll(starts.Select(MakeRun)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    // A start stands in the document with all it said until its run is made.
    private async Task MakeRoom()
    {
        if (HasRoom()) return;
        await Make(Unmade.ToList());
        if (!HasRoom())
        {
            throw new LimitExceededException(
                $"{Unmade.Count()} starts of {Id} were accepted whose runs cannot be made at present; that is tried every {RetryEvery.TotalSeconds:0} s. Repeat this one in a moment.");
        }

        bool HasRoom() => Unmade.Count() <= MostAtOnce && Unmade.Sum(start => Length(start.Pending!.Parameters)) <= MostTextAtOnce;
    }

    // In characters, roughly.
    private static int Length(IEnumerable<KeyValuePair<string, string>> parameters) =>
        parameters.Sum(parameter => parameter.Key.Length + parameter.Value.Length);

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
        try
        {
            var command = new CreateRun(
                pending.DefinitionVersion,
                await Spec(pending.DefinitionVersion),
                pending.Parameters,
                pending.Ref,
                pending.At,
                pending.By,
                pending.TraceParent,
                pending.Limits);
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
        // Another may have failed meanwhile.
        if (!Unmade.Any())
        {
            _retry?.Dispose();
            _retry = null;
        }
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
    private sealed class WaitingStart(StartRun command, long since)
    {
        private readonly TaskCompletionSource<Outcome<RunStarted>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public StartRun Command => command;

        public long Since => since;

        public int Length { get; } = Length(command.Parameters);

        public Task<Outcome<RunStarted>> Answer => _answer.Task;

        public void Tell(Outcome<RunStarted> answer) => _answer.TrySetResult(answer);

        public void Fail(Exception fault) => _answer.TrySetException(fault);
    }

    private sealed class Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
