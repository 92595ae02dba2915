namespace Control.Api.Tests.Fakes;

/// <summary>Writes subjects as grains would.</summary>
internal sealed class Seed(CommitStore commits)
{
    public static readonly Actor Someone = new(ActorKind.Token, "seed", "seed");

    public static readonly DateTimeOffset Then = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public async Task<T> PutAsync<T>(
        SubjectKey key,
        Func<long, T> view,
        string workspace = "",
        string parent = "",
        long ordinal = 0,
        string state = "active",
        bool deleted = false,
        string? hash = null,
        ImmutableArray<ChildChange> children = default,
        ImmutableArray<NewEvent> events = default)
    {
        var version = (await commits.LoadAsync(key))?.Version ?? 0;
        var value = view(version + 1);
        await commits.CommitAsync(new Commit
        {
            Subject = key,
            ExpectedVersion = version,
            Document = "{}",
            Index = new SubjectIndex(workspace, parent, ordinal, state, true, deleted, ContractJson.Write(value), hash),
            Children = children.IsDefault ? [] : children,
            Events = events.IsDefault ? [] : events,
        });
        return value;
    }

    public Task<WorkspaceView> WorkspaceAsync(string name, ImmutableArray<ChildChange> children = default) => PutAsync(
        new SubjectKey(SubjectKinds.Workspace, name), v => new WorkspaceView(name, "", Then, Someone, v), name, children: children);

    public Task<PipelineView> PipelineAsync(PipelineId id, ImmutableArray<ChildChange> children = default) => PutAsync(
        new SubjectKey(SubjectKinds.Pipeline, id.ToString()),
        v => new PipelineView(id, "", v, Then, Then, Someone, 0, v),
        id.Workspace,
        id.Workspace,
        children: children);

    public Task<RunView> RunAsync(
        RunId id, RunState state = RunState.Running, ImmutableArray<ChildChange> children = default, ImmutableArray<NewEvent> events = default) => PutAsync(
        new SubjectKey(SubjectKinds.Run, id.ToString()),
        v => new RunView(id, state, null, null, 1, null, null, null, ImmutableSortedDictionary<string, string>.Empty, Then, Then, null, Someone, [], v, []),
        id.Pipeline.Workspace,
        id.Pipeline.ToString(),
        id.Number,
        JsonNamingPolicy.CamelCase.ConvertName(state.ToString()),
        children: children,
        events: events);

    /// <summary>An attempt's child row, as the run's grain projects it.</summary>
    public static ChildChange Attempt(AttemptId id, AttemptState state, string? holder, long fence, long? logLength = null)
    {
        var view = new AttemptView(
            id, state, null, null, null, holder, holder, "stage", Someone, Then, Then, Then, null, logLength, ImmutableSortedDictionary<string, string>.Empty);
        var word = JsonNamingPolicy.CamelCase.ConvertName(state.ToString());
        return new ChildChange(id.LocalKey, "attempt", word, null, holder, fence, 1, "{}", ContractJson.Write(view));
    }

    public static NewEvent Event(int number) => new("run.changed", Then, Someone, $"{{\"n\":{number}}}");

    /// <summary>Makes a token and gives its bearer text.</summary>
    public async Task<string> TokenAsync(string id, DateTimeOffset expires, ImmutableArray<string> scopes, params ImmutableArray<string> workspaces)
    {
        var secret = BearerTokens.NewSecret();
        await PutAsync(
            new SubjectKey(SubjectKinds.Token, id),
            _ => new TokenView(id, id, scopes, workspaces, Then, expires, Someone, false),
            hash: BearerTokens.Hash(secret));
        return $"ctt_{id}.{secret}";
    }

    /// <summary>Makes an agent and gives its bearer text.</summary>
    public async Task<string> AgentAsync(string id)
    {
        var secret = BearerTokens.NewSecret();
        await PutAsync(
            new SubjectKey(SubjectKinds.Agent, id),
            _ => new AgentView(new AgentId(id), id, ["linux"], 2, AgentState.Online, 0, "0.1.0", Then, Then),
            hash: BearerTokens.Hash(secret));
        return $"cta_{id}.{secret}";
    }
}
