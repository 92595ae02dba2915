using System.Collections.Concurrent;
using System.Reflection;
using Control.Contracts.Clusters;
using Control.Contracts.Groups;
using Control.Contracts.Retention;
using Control.Contracts.Scheduling;
using Control.Contracts.Triggers;
using Orleans;

namespace Control.Api.Tests.Fakes;

/// <summary>Makes fakes by interface and key; one instance each, as grains are.</summary>
public class FakeGrainFactory : DispatchProxy
{
    private readonly ConcurrentDictionary<(Type, string), object> _grains = new();
    private FakeGrains _fakes = null!;

    internal static IGrainFactory Create(FakeGrains fakes)
    {
        var factory = Create<IGrainFactory, FakeGrainFactory>();
        ((FakeGrainFactory)(object)factory)._fakes = fakes;
        return factory;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _grains.GetOrAdd((targetMethod!.GetGenericArguments()[0], (string)args![0]!), k => _fakes.Make(k.Item1, k.Item2));
}

/// <summary>What the fake grains share and tests look at.</summary>
internal sealed class FakeGrains(Seed seed, CommitStore commits)
{
    public Seed Seed => seed;

    public CommitStore Commits => commits;

    /// <summary>Every command that reached a grain, as <c>key method</c>.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Arguments of the commands.</summary>
    public ConcurrentQueue<object> Commands { get; } = new();

    /// <summary>Run before each command; may throw, block, or do nothing.</summary>
    public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Refuses commands of runs; null grants them.</summary>
    public Refusal? Refusal { get; set; }

    /// <summary>What polls give.</summary>
    public AgentOrders Orders { get; set; } = AgentOrders.None;

    public object Make(Type type, string key) => type switch
    {
        _ when type == typeof(IWorkspaceGrain) => new FakeWorkspace(this, key),
        _ when type == typeof(IPipelineGrain) => new FakePipeline(this, key),
        _ when type == typeof(IClusterGrain) => new FakeCluster(this, key),
        _ when type == typeof(IRunGrain) => new FakeRun(this, key),
        _ when type == typeof(IRetentionGrain) => new FakeRetention(this, key),
        _ when type == typeof(ITriggerGrain) => new FakeTriggers(this, key),
        _ when type == typeof(IAgentGrain) => new FakeAgent(this, key),
        _ when type == typeof(IPoolGrain) => new FakePool(this, key),
        _ when type == typeof(IAccessTokenGrain) => new FakeToken(this, key),
        _ when type == typeof(IJoinTokenGrain) => new FakeJoinToken(this, key),
        _ when type == typeof(ISchedulerGrain) => new FakeScheduler(this),
        _ => throw new ArgumentException($"No fake for {type}."),
    };

    public Task Enter(string call, object? command = null)
    {
        Calls.Enqueue(call);
        if (command is not null)
        {
            Commands.Enqueue(command);
        }

        return Before(call);
    }
}

internal sealed class FakeScheduler(FakeGrains fakes) : ISchedulerGrain
{
    public Task Poke() => fakes.Enter("scheduler Poke");

    public Task Beat(string bootId) => fakes.Enter("scheduler Beat");

    public Task Due(DateTimeOffset at) => Task.CompletedTask;
}

internal sealed class FakeWorkspace(FakeGrains fakes, string name) : IWorkspaceGrain
{
    private readonly ConcurrentDictionary<string, SealedSecret> _secrets = new();

    private SubjectKey Key => new(SubjectKinds.Workspace, name);

    public async Task<Outcome<WorkspaceView>> Create(CreateWorkspace command)
    {
        await fakes.Enter($"{name} Create", command);
        if (await fakes.Commits.LoadAsync(Key) is not null)
        {
            return Refusal.Conflict("workspace-exists", "It exists.", "active");
        }

        return await fakes.Seed.PutAsync(Key, v => new WorkspaceView(name, command.Description, Seed.Then, command.By, v), name);
    }

    public async Task<Outcome<WorkspaceView>> Update(UpdateWorkspace command)
    {
        await fakes.Enter($"{name} Update", command);
        if (await fakes.Commits.LoadAsync(Key) is not { } stored)
        {
            return Refusal.NotFound($"Workspace {name}");
        }

        return command.ExpectedVersion is { } expected && expected != stored.Version
            ? Refusal.VersionMismatch(stored.Version)
            : await fakes.Seed.PutAsync(Key, v => new WorkspaceView(name, command.Description, Seed.Then, command.By, v), name);
    }

    public async Task<Outcome<WorkspaceView>> SetLimits(SetLimits command)
    {
        await fakes.Enter($"{name} SetLimits", command);
        return await fakes.Seed.WorkspaceAsync(name);
    }

    public Task<WorkspaceLimits> GetLimits() => Task.FromResult(WorkspaceLimits.None);

    public async Task<Outcome<WorkspaceView>> SetRetention(SetRetention command)
    {
        await fakes.Enter($"{name} SetRetention", command);
        return await fakes.Seed.WorkspaceAsync(name);
    }

    public Task<RetentionPolicy?> GetRetention() => Task.FromResult<RetentionPolicy?>(null);

    public async Task<Outcome<WorkspaceView>> Hold(SetHold command)
    {
        await fakes.Enter($"{name} Hold", command);
        return await fakes.Seed.WorkspaceAsync(name);
    }

    public async Task<Outcome<Done>> Delete(Actor by)
    {
        await fakes.Enter($"{name} Delete");
        return Done.Instance;
    }

    public async Task<Outcome<SecretView>> PutSecret(PutSecret command)
    {
        await fakes.Enter($"{name} PutSecret", command);
        var (secret, view) = (command.Secret, new SecretView(command.Secret.Name, command.Secret.Kind, Seed.Then, command.By));
        _secrets[secret.Name] = secret;
        await fakes.Seed.WorkspaceAsync(
            name, [new ChildChange(secret.Name, "secret", "stored", null, null, 0, 0, ContractJson.Write(secret), ContractJson.Write(view))]);
        return view;
    }

    public async Task<Outcome<Done>> DeleteSecret(string secret, Actor by)
    {
        await fakes.Enter($"{name} DeleteSecret");
        return _secrets.TryRemove(secret, out _) ? Done.Instance : Refusal.NotFound($"Secret {secret}");
    }

    public Task<ImmutableArray<SealedSecret>> GetSecrets(ImmutableArray<string> names) =>
        Task.FromResult(names.Where(_secrets.ContainsKey).Select(n => _secrets[n]).ToImmutableArray());

    public Task<Outcome<Done>> AddPipeline(string pipeline) => Task.FromResult<Outcome<Done>>(Done.Instance);

    public Task<Outcome<Done>> RemovePipeline(string pipeline) => Task.FromResult<Outcome<Done>>(Done.Instance);
}

internal sealed class FakeCluster(FakeGrains fakes, string name) : IClusterGrain
{
    private ClusterAccessGrant? _access;

    public async Task<Outcome<ClusterView>> Create(CreateCluster command)
    {
        await fakes.Enter($"{name} Create", command);
        Reach(command.Target);
        return await Put(command.Description, command.Target);
    }

    public async Task<Outcome<ClusterView>> Update(UpdateCluster command)
    {
        await fakes.Enter($"{name} Update", command);
        return await Put(command.Description, null);
    }

    public async Task<Outcome<ClusterView>> ReplaceAccess(ReplaceClusterAccess command)
    {
        await fakes.Enter($"{name} ReplaceAccess", command);
        Reach(command.Target);
        return await Put("", command.Target);
    }

    public async Task<Outcome<Done>> Delete(Actor by)
    {
        await fakes.Enter($"{name} Delete");
        _access = null;
        return Done.Instance;
    }

    public async Task<Outcome<ClusterView>> Check()
    {
        await fakes.Enter($"{name} Check");
        return await Put("", null);
    }

    public Task<Outcome<ClusterAccessGrant>> Access(long known) => Task.FromResult<Outcome<ClusterAccessGrant>>(
        _access is not { } access ? Refusal.NotFound($"The cluster '{name}'") : access.Number == known ? access with { Secret = null } : access);

    public Task Report(ClusterReport report) => Task.CompletedTask;

    public Task Wake() => Task.CompletedTask;

    private void Reach(ClusterTarget target) => _access = new ClusterAccessGrant((_access?.Number ?? 0) + 1, target.Sealed);

    private Task<ClusterView> Put(string description, ClusterTarget? target) => fakes.Seed.PutAsync(
        new SubjectKey(SubjectKinds.Cluster, name),
        v => new ClusterView(
            name, description, target?.Server ?? "", ClusterState.Connected, [], null, target?.Credential ?? "", null, Seed.Then, Seed.Someone, Seed.Then, v));
}

internal sealed class FakePipeline(FakeGrains fakes, string key) : IPipelineGrain
{
    private readonly ConcurrentDictionary<string, SealedSecret> _secrets = new();
    private readonly ConcurrentDictionary<string, RunId> _operations = new();
    private int _number;

    public async Task<Outcome<PipelineView>> Put(PutPipeline command)
    {
        await fakes.Enter($"{key} Put", command);
        var version = (await fakes.Commits.LoadAsync(new SubjectKey(SubjectKinds.Pipeline, key)))?.Version ?? 0;
        if ((command.CreateOnly && version > 0) || (command.ExpectedVersion is { } expected && expected != version))
        {
            return Refusal.VersionMismatch(version);
        }

        var definition = new PipelineDefinition(version + 1, command.Text, new PipelineSpec("", [], [], null, []), Seed.Then, command.By);
        var view = JsonSerializer.Serialize(new { definition.Number, definition.At, definition.By }, ContractJson.Options);
        return await fakes.Seed.PipelineAsync(
            PipelineId.Parse(key),
            [new ChildChange($"{version + 1:D10}", "definition", "stored", null, null, 0, version + 1, ContractJson.Write(definition), view)]);
    }

    public async Task<Outcome<Done>> Delete(long? expectedVersion, Actor by)
    {
        await fakes.Enter($"{key} Delete");
        return Done.Instance;
    }

    public async Task<Outcome<SecretView>> PutSecret(PutSecret command)
    {
        await fakes.Enter($"{key} PutSecret", command);
        var (secret, view) = (command.Secret, new SecretView(command.Secret.Name, command.Secret.Kind, Seed.Then, command.By));
        _secrets[secret.Name] = secret;
        await fakes.Seed.PipelineAsync(
            PipelineId.Parse(key),
            [new ChildChange($"secret/{secret.Name}", "secret", "stored", null, null, 0, 0, ContractJson.Write(secret), ContractJson.Write(view))]);
        return view;
    }

    public async Task<Outcome<Done>> DeleteSecret(string secret, Actor by)
    {
        await fakes.Enter($"{key} DeleteSecret");
        return _secrets.TryRemove(secret, out _) ? Done.Instance : Refusal.NotFound($"Secret {secret}");
    }

    public Task<ImmutableArray<SealedSecret>> GetSecrets(ImmutableArray<string> names) =>
        Task.FromResult(names.Where(_secrets.ContainsKey).Select(n => _secrets[n]).ToImmutableArray());

    public Task<RetentionPolicy?> GetRetention() => Task.FromResult<RetentionPolicy?>(null);

    public Task<ImmutableArray<TriggerSpec>> GetTriggers() => throw new InvalidOperationException();

    public Task Wake() => Task.CompletedTask;

    public async Task<Outcome<RunStarted>> Start(StartRun command)
    {
        await fakes.Enter($"{key} Start", command);
        var id = new RunId(PipelineId.Parse(key), 0);
        var run = _operations.GetOrAdd(command.OperationId, _ => id with { Number = 100 + Interlocked.Increment(ref _number) });
        await fakes.Seed.RunAsync(run);
        return new RunStarted(run, false);
    }
}

internal sealed class FakeRun(FakeGrains fakes, string key) : IRunGrain
{
    public Task<RunView> Create(CreateRun command) => throw new InvalidOperationException("The gateway makes no runs.");

    public Task SourceResolved(SourceResolution resolution) => Task.CompletedTask;

    public Task<Outcome<RunView>> Decide(DecideGate command) => Command("Decide", command);

    public Task<Outcome<RunView>> Cancel(CancelMode mode, Actor by) => Command($"Cancel {mode}", by);

    public async Task<Outcome<Done>> Delete(Actor by)
    {
        await fakes.Enter($"{key} Delete", by);
        return fakes.Refusal is { } refusal ? refusal : Done.Instance;
    }

    public Task<Outcome<Done>> Expire(ExpireRun command) => throw new InvalidOperationException("The gateway applies no policy.");

    public Task<Outcome<RunView>> Keep(KeepRun command) => Command("Keep", command);

    public Task<Outcome<RunView>> Unkeep(Actor by) => Command("Unkeep", by);

    public Task<Outcome<RunView>> Rerun(Rerun command) => Command("Rerun", command);

    public Task<Outcome<RunView>> Retry(Actor by) => Command("Retry", by);

    public Task<Outcome<Assignment>> TryLease(AttemptId attempt, AgentId agent, string agentName) => throw new InvalidOperationException();

    public async Task<Outcome<Done>> Report(AttemptReport report)
    {
        await fakes.Enter($"{key} Report", report);
        return fakes.Refusal is { } refusal ? refusal : Done.Instance;
    }

    public Task AttemptLost(LeaseRef lease, string reason) => Task.CompletedTask;

    public Task<Assignment?> GetAssignment(LeaseRef lease) => Task.FromResult<Assignment?>(null);

    public Task<bool> Answer(ClaimAnswer answer) => Task.FromResult(false);

    public Task Wake() => Task.CompletedTask;

    private async Task<Outcome<RunView>> Command(string name, object command)
    {
        await fakes.Enter($"{key} {name}", command);
        return fakes.Refusal is { } refusal ? refusal : await fakes.Seed.RunAsync(RunId.Parse(key));
    }
}

internal sealed class FakeRetention(FakeGrains fakes, string key) : IRetentionGrain
{
    public Task Arm() => throw new InvalidOperationException();

    public Task Wake() => throw new InvalidOperationException();

    public Task RunChanged(long number) => throw new InvalidOperationException();

    public Task Apply() => throw new InvalidOperationException();

    public async Task<Outcome<PruneResult>> Prune(PruneRuns command)
    {
        await fakes.Enter($"{key} Prune", command);
        var run = new PrunedRun(new RunId(PipelineId.Parse(key), 3), RunState.Failed, Seed.Then, PruneRule.Age, 5);
        return fakes.Refusal is { } refusal ? refusal : new PruneResult([run], 4, command.Policy ?? new RetentionPolicy(7, 0), command.DryRun);
    }
}

internal sealed class FakeTriggers(FakeGrains fakes, string key) : ITriggerGrain
{
    public Task Arm() => throw new InvalidOperationException();

    public Task Wake() => throw new InvalidOperationException();

    public Task Fired(string name, TriggerTick tick) => throw new InvalidOperationException();

    public async Task<Outcome<TriggersView>> Pause(PauseTrigger command)
    {
        await fakes.Enter($"{key} Pause", command);
        var hold = command.Hold.Held ? new Hold(command.Hold.Reason, command.Hold.By, Seed.Then) : null;
        var trigger = new TriggerView(command.Name, "30 2 * * *", "UTC", MissedTicks.Once, Seed.Then, null, hold);
        return fakes.Refusal is { } refusal ? refusal : await fakes.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Trigger, key), version => new TriggersView(PipelineId.Parse(key), [trigger], version));
    }
}

internal sealed class FakePool(FakeGrains fakes, string key) : IPoolGrain
{
    public Task Enqueue(ImmutableArray<AttemptId> attempts) => Task.CompletedTask;

    public Task Offer(AgentId agent, string agentName, int free) => Task.CompletedTask;

    public Task Wake() => Task.CompletedTask;

    public async Task<Outcome<PoolView>> Hold(SetHold command)
    {
        await fakes.Enter($"{key} Hold", command);
        var hold = command.Held ? new Hold(command.Reason, command.By, Seed.Then) : null;
        return await fakes.Seed.PutAsync(new SubjectKey(SubjectKinds.Pool, key), version => new PoolView(PoolKey.Parse(key), hold, version));
    }
}

internal sealed class FakeAgent(FakeGrains fakes, string key) : IAgentGrain
{
    public Task<Outcome<AgentView>> Register(RegisterAgent command) => throw new InvalidOperationException();

    public async Task<Outcome<AgentOrders>> Poll(AgentPoll poll, CancellationToken cancellationToken)
    {
        await fakes.Enter($"{key} Poll", poll);
        return fakes.Orders;
    }

    public Task<bool> Reserve(AttemptId attempt) => Task.FromResult(false);

    public Task Unreserve(AttemptId attempt) => Task.CompletedTask;

    public Task Deliver(Assignment assignment) => Task.CompletedTask;

    public Task Stop(LeaseRef lease) => Task.CompletedTask;

    public Task Release(LeaseRef lease) => Task.CompletedTask;

    public Task PoolHasWork(PoolKey pool) => Task.CompletedTask;

    public async Task<Outcome<Done>> Remove(Actor by)
    {
        await fakes.Enter($"{key} Remove");
        await fakes.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Agent, key),
            _ => new AgentView(new AgentId(key), key, [], 1, AgentState.Removed, 0, "", Seed.Then, Seed.Then),
            deleted: true);
        return Done.Instance;
    }

    public Task Wake() => Task.CompletedTask;
}

internal sealed class FakeToken(FakeGrains fakes, string key) : IAccessTokenGrain
{
    private CreateToken? _created;

    public async Task<Outcome<TokenView>> Create(CreateToken command)
    {
        await fakes.Enter($"{key} Create", command);
        _created = command;
        return await Save(false);
    }

    public async Task<Outcome<Done>> Revoke(Actor by)
    {
        await fakes.Enter($"{key} Revoke");
        if (_created is null)
        {
            return Refusal.NotFound($"Token {key}");
        }

        await Save(true);
        return Done.Instance;
    }

    private Task<TokenView> Save(bool revoked) => fakes.Seed.PutAsync(
        new SubjectKey(SubjectKinds.Token, key),
        _ => new TokenView(key, _created!.Name, _created.Scopes, _created.Workspaces, Seed.Then, _created.ExpiresAt, _created.By, revoked),
        deleted: revoked,
        hash: _created!.SecretHash);
}

internal sealed class FakeJoinToken(FakeGrains fakes, string key) : IJoinTokenGrain
{
    private CreateJoinToken? _created;

    public async Task<Outcome<JoinTokenView>> Create(CreateJoinToken command)
    {
        await fakes.Enter($"{key} Create", command);
        _created = command;
        return await fakes.Seed.PutAsync(
            new SubjectKey(SubjectKinds.JoinToken, key), _ => new JoinTokenView(key, command.ExpiresAt, command.By, null), hash: command.SecretHash);
    }

    public async Task<Outcome<AgentView>> Redeem(string secretHash, RegisterAgent agent)
    {
        await fakes.Enter($"{key} Redeem", agent);
        return await fakes.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Agent, "agent-" + key),
            _ => new AgentView(new AgentId("agent-" + key), agent.Name, agent.Labels, agent.Capacity, AgentState.Unknown, 0, agent.SoftwareVersion, Seed.Then, Seed.Then),
            hash: agent.CredentialHash);
    }
}
