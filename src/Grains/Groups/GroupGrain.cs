using System.Globalization;
using Control.Engine.Groups;
using Control.Grains.Durable;

namespace Control.Grains.Groups;

/// <summary>
/// A concurrency group. Reentrant with a mailbox: claims of many runs are taken in together and cost one commit. Decisions are
/// made by <see cref="GroupMachine"/>; a run learns of its place only after the commit that records it.
/// </summary>
[Reentrant]
internal sealed partial class GroupGrain : DurableGrain<GroupDocument>, IGroupGrain
{
    private const string ClaimKind = "claim";

    // While somebody has a place, its runs are asked this often whether they still need it. A run that ended says so at once;
    // this is for what got lost.
    private static readonly TimeSpan AskAfter = TimeSpan.FromSeconds(30);

    private readonly ILogger<GroupGrain> _log;
    private readonly Mailbox<GroupMachine> _mailbox;
    private GroupModel _model = GroupModel.Empty(default);
    private DateTimeOffset? _askAt;

    public GroupGrain(GrainFacets facets, ILogger<GroupGrain> log)
        : base(facets, SubjectKinds.Group)
    {
        _log = log;
        _mailbox = new Mailbox<GroupMachine>(() => new GroupMachine(_model, Now), machine => Commit(machine.Seal()));
    }

    private GroupId Id => GroupId.Parse(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        _model = GroupModel.Empty(Id);
        if (Document is null)
        {
            return;
        }

        var children = await Store.LoadChildrenAsync(Subject, cancellationToken);
        _model = GroupModel.Of(Id, children.Select(child => ContractJson.Read<ClaimRecord>(child.Document)));
        if (!_model.IsEmpty)
        {
            _askAt = Now;
            // Answers may have been lost with the activation before this one, and its silo's rows are to be taken over.
            GrainFactory.GetGrain<IGroupGrain>(Id.ToString()).Wake().Forget();
        }
    }

    public Task Claim(GroupClaim claim) => Post(machine => machine.Claim(claim));

    public Task Release(ClaimRef claim) => Post(machine => machine.Release(claim));

    // Through the mailbox: a commit under way may be known to who asks before it is known here.
    public Task<int> CountWaiting() => _mailbox.Post(machine => machine.Waiting);

    public Task SetLimit(int limit) => Post(machine => machine.SetLimit(limit));

    public Task Wake() => Post(machine => machine.Tick());

    private Task Post(Action<GroupMachine> apply) => _mailbox.Post(machine =>
    {
        apply(machine);
        return Done.Instance;
    });

    private async Task Commit(GroupChange change)
    {
        if (!change.IsEmpty || IsOrphan || IsDue)
        {
            var next = Document ?? new GroupDocument(Now);
            await CommitAsync(next, Index(change.Next, next), [], [.. change.Changed.Select(Row)], AskAt(change.Next), [.. change.Removed.Select(Key)]);
        }

        _model = change.Next;

        foreach (var answer in change.Answers)
        {
            Give(answer).Forget();
        }
    }

    // The time to ask has come: unless it moves on, the scheduler would wake this grain again and again.
    private bool IsDue => Document is not null && _askAt <= Now;

    private async Task Give(GroupAnswer answer)
    {
        bool isKnown;
        try
        {
            isKnown = await GrainFactory.GetGrain<IRunGrain>(answer.Claim.Run.ToString()).Answer(answer.Answer);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogNotAnswered(Id, answer.Claim.Run, fault);
            return;
        }

        if (!isKnown)
        {
            await Release(answer.Claim);
        }
    }

    private DateTimeOffset? AskAt(GroupModel model)
    {
        if (model.Holding.IsEmpty && model.Waiting.IsEmpty)
        {
            return _askAt = null;
        }

        return _askAt > Now ? _askAt : _askAt = Now + AskAfter;
    }

    private SubjectIndex Index(GroupModel model, GroupDocument document) => new(
        Id.Workspace,
        Parent: Id.Workspace,
        document.CreatedAt.ToUnixTimeMilliseconds(),
        model.Waiting.IsEmpty ? "free" : "queued",
        Terminal: model.IsEmpty,
        // Groups come and go with branches and parameters: one of nobody is not shown.
        Deleted: model.IsEmpty,
        ContractJson.Write(GroupViews.Group(model, Version + 1)),
        SecretHash: null,
        model.IsEmpty ? null : Owner);

    private static ChildChange Row(ClaimRecord claim) => new(
        Key(claim.Ref), ClaimKind, claim.GrantedAt is null ? "waiting" : "holding", null, null, claim.Ref.Fence, 0, ContractJson.Write(claim), null);

    private static string Key(ClaimRef claim) => string.Create(CultureInfo.InvariantCulture, $"{claim.Run}#{claim.Fence}");

    [LoggerMessage(Level = LogLevel.Warning, Message = "The group {Group} could not answer the run {Run}; it tries again within 30 s")]
    private partial void LogNotAnswered(GroupId group, RunId run, Exception fault);
}
