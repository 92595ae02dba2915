using Control.Contracts.Clusters;
using Control.Contracts.Workspaces;
using Control.Engine.Clusters;
using Control.Engine.Runs;
using Control.Grains.Durable;
using Control.Grains.Workspaces;
using Orleans.Storage;

namespace Control.Grains.Clusters;

/// <summary>
/// A connection to a Kubernetes cluster. It is asked all the time, off this grain's turns; what came of it is decided by
/// <see cref="ClusterModel"/> and written down only when it says something new.
/// </summary>
[Reentrant]
internal sealed partial class ClusterGrain : DurableGrain<ClusterDocument>, IClusterGrain
{
    // The asker has its own limits: this is for one that died.
    private static readonly TimeSpan Unheard = TimeSpan.FromMinutes(1);

    // A little more than the asker takes, and less than a call may.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(25);

    private readonly ClusterProbe _probe;
    private readonly Mailbox<ClusterChange> _mailbox;
    private TaskCompletionSource _reported = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterModel? _model;
    private SealedSecret? _access;
    private IGrainTimer? _timer;
    private long _question;
    private long _answered;

    public ClusterGrain(GrainFacets facets, ClusterProbe probe)
        : base(facets, SubjectKinds.Cluster)
    {
        _probe = probe;
        _mailbox = new Mailbox<ClusterChange>(() => new ClusterChange(_model), Commit);
    }

    private string Name => this.GetPrimaryKeyString();

    private ClusterModel? Live => _model is { Deleted: false } ? _model : null;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        _model = Document?.Model;
        // Higher than those of the activation before, whose answers may still come.
        _question = Now.ToUnixTimeMilliseconds();
        if (Live is null) return;
        _access = (await SecretRows.LoadAsync(Store, Subject, [ClusterAccessSecret.Name])).FirstOrDefault();
        if (IsOrphan) await Post(change => change.Adopt());
        Ask();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _probe.Forget(Name);
        // Nobody else would go on asking.
        if (Live is not null) ComeBack(reason, () => _probe.WakeAsync(Name));
        return Task.CompletedTask;
    }

    public async Task<Outcome<ClusterView>> Create(CreateCluster command)
    {
        var refusal = await _mailbox.Post(change =>
        {
            if (change.Live is { } there)
            {
                return Refusal.Conflict("cluster-exists", $"The cluster '{Name}' exists already.", StateWords.Of(there.State));
            }

            var created = ClusterModel.Create(command, Now) with { Access = (change.Next?.Access ?? 0) + 1 };
            change.To(created, command.By, command.Target.Sealed, Row(command.Target, command.By));
            return null;
        });
        return refusal is null ? Begin() : refusal;
    }

    public async Task<Outcome<ClusterView>> Update(UpdateCluster command)
    {
        var refusal = await _mailbox.Post(change =>
        {
            if (change.Live is not { } live) return NotFound();
            // Another change in the same batch is one that was first, too.
            if (command.ExpectedVersion is { } expected && (expected != Version || change.IsForced)) return Refusal.VersionMismatch(Version);
            change.To(live with { Description = command.Description }, command.By);
            return null;
        });
        return refusal is null ? View() : refusal;
    }

    public async Task<Outcome<ClusterView>> ReplaceAccess(ReplaceClusterAccess command)
    {
        var refusal = await _mailbox.Post(change =>
        {
            if (change.Live is not { } live) return NotFound();
            change.To(live.Replace(command.Target, Now), command.By, command.Target.Sealed, Row(command.Target, command.By));
            return null;
        });
        return refusal is null ? Begin() : refusal;
    }

    public async Task<Outcome<Done>> Delete(Actor by)
    {
        var refusal = await _mailbox.Post(change =>
        {
            if (change.Live is not { } live) return NotFound();
            change.To(live with { Deleted = true }, by, SecretRows.Deleted(ClusterAccessSecret.Name));
            return null;
        });
        if (refusal is not null) return refusal;
        if (Live is null)
        {
            _timer?.Dispose();
            _timer = null;
            _probe.Forget(Name);
            TellWaiting();
        }

        return Done.Instance;
    }

    public async Task<Outcome<ClusterView>> Check()
    {
        if (Live is null) return NotFound();
        Ask();
        // An answer that is on its way may be from before.
        var (question, limit) = (_question, Task.Delay(AnswerWithin, Time));
        while (_answered < question && Live is not null && !IsEnding && !limit.IsCompleted) await Task.WhenAny(_reported.Task, limit);
        if (IsEnding) throw new InconsistentStateException($"{Name} is being loaded anew after a commit that failed. Repeat the request in a moment.");
        return Live is null ? NotFound() : View();
    }

    public Task<Outcome<ClusterAccessGrant>> Access(long known) => Task.FromResult<Outcome<ClusterAccessGrant>>(Live switch
    {
        null => NotFound(),
        { } live when live.Access == known => new ClusterAccessGrant(known, null),
        { } live when _access is null => Refusal.Conflict(
            ClusterReasons.AccessLost, $"The access to the cluster '{Name}' is gone. Give it again with 'control cluster access'.", StateWords.Of(live.State)),
        { } live => new ClusterAccessGrant(live.Access, _access),
    });

    public async Task Report(ClusterReport report)
    {
        await Post(change =>
        {
            if (change.Live is { } live) change.To(live.Report(report, Now));
        });
        if (Live is null || report.Access != Live.Access) return;
        _answered = Math.Max(_answered, report.Question);
        TellWaiting();
        AskAfter(Live.CheckAfter);
    }

    // Activation asks.
    public Task Wake() => Task.CompletedTask;

    private ClusterView Begin()
    {
        Ask();
        return View();
    }

    // Those who wait for an answer; one that ends must not hold the activation back.
    private void TellWaiting() =>
        Interlocked.Exchange(ref _reported, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    private void Ask()
    {
        if (Live is not { } live) return;
        _probe.Ask(Name, live.Access, _access, ++_question);
        AskAfter(Unheard);
        if (live.State == ClusterState.Pending) Post(change => Asked(change)).Forget();
    }

    private void Asked(ClusterChange change)
    {
        if (change.Live is { } live) change.To(live.Asked(Now));
    }

    private void AskAfter(TimeSpan wait)
    {
        _timer ??= this.RegisterGrainTimer(
            _ =>
            {
                Ask();
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private Task Post(Action<ClusterChange> apply) => _mailbox.Post(change =>
    {
        apply(change);
        return Done.Instance;
    });

    private async Task Commit(ClusterChange change)
    {
        if (change.Next is { } next && (change.IsForced || _model is null || next.DiffersFrom(_model)))
        {
            var view = ClusterViews.Cluster(Name, next, Version + 1);
            object told = next.Deleted ? Done.Instance : view;
            // Numbers that drift are no event.
            ImmutableArray<NewEvent> events = change.IsForced || next.State != _model?.State || !next.Reasons.SequenceEqual(_model.Reasons)
                ? [Event(next.Deleted ? EventTypes.ObjectDeleted : EventTypes.ObjectChanged, change.By, told)]
                : [];
            try
            {
                await CommitAsync(new ClusterDocument(next), Index(next, view), events, change.Children);
            }
            catch
            {
                TellWaiting();
                throw;
            }
        }

        _model = change.Next;
        _access = Live is null ? null : change.Access ?? _access;
    }

    private SubjectIndex Index(ClusterModel model, ClusterView view) => new(
        Workspace: "",
        Parent: "",
        model.CreatedAt.ToUnixTimeMilliseconds(),
        model.Deleted ? ChildStates.Deleted : StateWords.Of(model.State),
        Terminal: model.Deleted,
        model.Deleted,
        ContractJson.Write(view),
        Owner: model.Deleted ? null : Owner);

    private ChildChange Row(ClusterTarget target, Actor by) =>
        SecretRows.Put(ClusterAccessSecret.Name, target.Sealed, new SecretView(ClusterAccessSecret.Name, SecretKind.Text, Now, by));

    private ClusterView View() => ClusterViews.Cluster(Name, _model!, Version);

    private Refusal NotFound() => Refusal.NotFound($"The cluster '{Name}'");
}
