using Control.Engine.Runs;
using Control.Grains.Durable;
using Control.Storage.Logs;

namespace Control.Grains.Runs;

/// <summary>
/// A run. Reentrant with a mailbox: reports of many agents are taken in together and cost one commit. Decisions are made by
/// <see cref="RunMachine"/>; this class loads, commits and carries out.
/// </summary>
[Reentrant]
internal sealed class RunGrain : DurableGrain<RunHead>, IRunGrain
{
    // Until its source is resolved, its stops are confirmed, its groups have answered or, once it is deleted, its rows are gone, a
    // run looks again this often, whatever got lost.
    private static readonly TimeSpan RecheckAfter = TimeSpan.FromSeconds(30);

    // What a claim that does not arrive may hold up the start for; it is claimed again later.
    private static readonly TimeSpan ClaimPatience = TimeSpan.FromSeconds(5);

    private static readonly PipelineSpec NoPlan = new("", [], [], null, []);

    private readonly RunEffects _effects;
    private readonly LogStore _logs;
    private readonly Mailbox<RunMachine> _mailbox;
    private RunModel? _model;
    private Task? _creation;
    private Task _claimed = Task.CompletedTask;
    private DateTimeOffset? _recheckAt;
    private Task? _purge;

    public RunGrain(GrainFacets facets, RunEffects effects, LogStore logs)
        : base(facets, SubjectKinds.Run)
    {
        (_effects, _logs) = (effects, logs);
        _mailbox = new Mailbox<RunMachine>(() => new RunMachine(Model, Now), machine => Commit(machine.Seal()));
    }

    private RunModel Model => _model ?? throw new ControlException("run-not-found", $"The run {Id} does not exist.");

    private RunId Id => RunId.Parse(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        if (Document is null or { Deleted: true })
        {
            return;
        }

        var children = await Store.LoadChildrenAsync(Subject, cancellationToken);
        _model = RunRows.Load(Id, Document with { Version = Version }, children);
        if (IsOrphan)
        {
            await Adopt(_model with { Head = _model.Head with { Version = Version + 1 } });
        }

        Carry(RunMachine.Recover(_model));
    }

    public async Task<RunView> Create(CreateRun command)
    {
        if (Document is { Deleted: true })
        {
            // A pipeline that was cut off before it could note that the run was made. It only wants to know that it was.
            return RunViews.Run(RunMachine.Create(Id, command).Next);
        }

        // Not through the mailbox: the first commit makes what the mailbox works on, and repeats find it made or in the making.
        if (_model is null)
        {
            await (_creation ??= Commit(RunMachine.Create(Id, command), command.Spec));
            // Who starts one run after the other expects their claims in that order; on two silos the second's could be first.
            await _claimed.WaitAsync(ClaimPatience, Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        return RunViews.Run(Model);
    }

    public Task SourceResolved(SourceResolution resolution) => Post(machine => machine.SourceResolved(resolution));

    public async Task<Outcome<RunView>> Decide(DecideGate command) => await Ask(machine => machine.Decide(command));

    public async Task<Outcome<RunView>> Cancel(CancelMode mode, Actor by) => await Ask(machine => machine.Cancel(mode, by));

    public async Task<Outcome<RunView>> Retry(Actor by) => await Ask(machine => machine.Retry(by));

    public async Task<Outcome<RunView>> Rerun(Rerun command) => await Ask(machine => machine.Rerun(command));

    public async Task<Outcome<RunView>> Keep(KeepRun command) => await Ask(machine => machine.Keep(command));

    public async Task<Outcome<RunView>> Unkeep(Actor by) => await Ask(machine => machine.Unkeep(by));

    public Task<Outcome<Done>> Delete(Actor by) => Remove(machine => machine.Delete(by));

    public Task<Outcome<Done>> Expire(ExpireRun command) => Remove(machine => machine.Expire(command));

    public Task<Outcome<Assignment>> TryLease(AttemptId attempt, AgentId agent, string agentName) =>
        _model is null
            ? Task.FromResult<Outcome<Assignment>>(Refusal.NotFound($"The run {Id}"))
            : _mailbox.Post(machine => machine.TryLease(attempt, agent, agentName));

    public async Task<Outcome<Done>> Report(AttemptReport report)
    {
        if (_model is null)
        {
            return Refusal.Conflict("stale-lease", $"The run {Id} does not exist.", "stale");
        }

        return await _mailbox.Post(machine => machine.Report(report)) is { } refusal ? refusal : Done.Instance;
    }

    public Task AttemptLost(LeaseRef lease, string reason) => Post(machine => machine.AttemptLost(lease, reason));

    // Through the mailbox, though it changes nothing: a commit under way may be in the rows, and so known to who asks, before
    // it is known here.
    public async Task<Assignment?> GetAssignment(LeaseRef lease) =>
        _model is null ? null : await _mailbox.Post(machine => Held(machine.Model, lease));

    public async Task<bool> Answer(ClaimAnswer answer) => _model is not null && await _mailbox.Post(machine => machine.Answer(answer));

    public Task Wake() => Document is { Deleted: true } ? Purge() : Post(machine => machine.Tick());

    private async Task<Outcome<Done>> Remove(Func<RunMachine, Refusal?> apply)
    {
        if (Document is not { Deleted: true })
        {
            if (_model is null)
            {
                return Refusal.NotFound($"The run {Id}");
            }

            if (await _mailbox.Post(apply) is { } refusal)
            {
                return refusal;
            }
        }

        // Nobody waits for that: should it fail or be cut off, the scheduler calls again.
        Purge().Forget();
        return Done.Instance;
    }

    private Task Purge() => _purge is { IsCompleted: false } ? _purge : _purge = PurgeRows();

    // Rows first: without an attempt's row its agent's log is refused.
    private async Task PurgeRows()
    {
        await Store.PurgeAsync(Subject);
        await _logs.RemoveAsync(Id);
        var tombstone = new RunModel(Id, NoPlan, Document!, ImmutableDictionary<string, AttemptRecord>.Empty);
        await CommitAsync(Document!, Index(tombstone), []);
    }

    private static Assignment? Held(RunModel model, LeaseRef lease) =>
        model.Attempts.TryGetValue(lease.Attempt.LocalKey, out var attempt) && attempt.Lease == lease.Lease && attempt.IsHeld
            ? Assignments.Of(model, attempt)
            : null;

    private async Task Adopt(RunModel model)
    {
        await CommitAsync(model.Head, Index(model), [], default, WakeAt(model));
        _model = model;
    }

    private async Task Post(Action<RunMachine> apply)
    {
        if (_model is not null)
        {
            await _mailbox.Post(machine =>
            {
                apply(machine);
                return Done.Instance;
            });
        }
    }

    private async Task<Outcome<RunView>> Ask(Func<RunMachine, Refusal?> apply)
    {
        if (_model is null)
        {
            return Refusal.NotFound($"The run {Id}");
        }

        var refusal = await _mailbox.Post(apply);
        return refusal is null ? RunViews.Run(Model) : refusal;
    }

    private async Task Commit(RunChange change, PipelineSpec? plan = null)
    {
        if (change.IsEmpty)
        {
            return;
        }

        var children = RunRows.Save(change, plan);
        var events = change.Events.Select(e => EventOf(e.Type, e.At, e.By, e.View)).ToImmutableArray();
        await CommitAsync(change.Next.Head, Index(change.Next), events, children, WakeAt(change.Next));
        _model = change.Next with { Head = change.Next.Head with { Version = Version } };
        Carry(change.Effects);
    }

    private void Carry(ImmutableArray<RunEffect> effects)
    {
        if (_model is { } model && !effects.IsEmpty)
        {
            _claimed = _effects.Carry(GrainFactory, model, effects);
        }
    }

    private DateTimeOffset? WakeAt(RunModel model)
    {
        var due = RunMachine.NextDue(model);
        _recheckAt = RecheckAt(model);
        return _recheckAt < due || due is null ? _recheckAt : due;
    }

    // A time that was set is kept: commits in between do not put it off.
    private DateTimeOffset? RecheckAt(RunModel model)
    {
        var due = model.Head.Deleted || model.Head.State == RunState.Preparing || model.ActiveAttempts.Any(attempt => attempt.State == AttemptState.Stopping)
            ? Now + RecheckAfter
            : AskAgainAt(model);
        return due is not null && _recheckAt > Now && _recheckAt < due ? _recheckAt : due;
    }

    // A group may never have been asked; who waits long asks more and more rarely, so that a long queue costs little.
    private DateTimeOffset? AskAgainAt(RunModel model)
    {
        if (RunMachine.WaitsSince(model) is not { } since)
        {
            return null;
        }

        var waited = Now - since;
        return Now + (waited < RecheckAfter ? RecheckAfter : waited);
    }

    private SubjectIndex Index(RunModel model) => RunRows.Index(model, Owner);
}
