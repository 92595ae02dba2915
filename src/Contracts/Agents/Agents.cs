using System.Collections.Immutable;

namespace Control.Contracts.Agents;

/// <summary>How an agent is doing. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.agent-state")]
public enum AgentState
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Joined, but not heard of since the server started or since it joined.</summary>
    Unknown = 1,

    /// <summary>Renews in time.</summary>
    Online = 2,

    /// <summary>Silent for 14 s or more: gets no new work, keeps what it has.</summary>
    Suspect = 3,

    /// <summary>Silent beyond every job's limit, or said goodbye.</summary>
    Offline = 4,

    /// <summary>Removed; its credential is refused.</summary>
    Removed = 5,
}

/// <summary>An agent as shown.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, from its host unless told otherwise.</param>
/// <param name="Labels">What jobs may demand of it.</param>
/// <param name="Capacity">Jobs it runs at a time.</param>
/// <param name="State">How it is doing, as last recorded.</param>
/// <param name="Running">Leases it holds, as last recorded.</param>
/// <param name="SoftwareVersion">Version of its program.</param>
/// <param name="JoinedAt">When it joined.</param>
/// <param name="LastSeenAt">When its state last changed; renewals themselves are not recorded.</param>
[GenerateSerializer, Immutable, Alias("control.agent-view")]
public sealed record AgentView(
    [property: Id(0)] AgentId Id,
    [property: Id(1)] string Name,
    [property: Id(2)] ImmutableArray<string> Labels,
    [property: Id(3)] int Capacity,
    [property: Id(4)] AgentState State,
    [property: Id(5)] int Running,
    [property: Id(6)] string SoftwareVersion,
    [property: Id(7)] DateTimeOffset JoinedAt,
    [property: Id(8)] DateTimeOffset LastSeenAt);

/// <summary>Names one lease: the right of one agent to run one attempt.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Lease">Fence of the lease; grows with every lease of the run.</param>
[GenerateSerializer, Immutable, Alias("control.lease-ref")]
public sealed record LeaseRef([property: Id(0)] AttemptId Attempt, [property: Id(1)] long Lease);

/// <summary>Everything an agent needs to run an attempt, but the secrets' values, which the gateway adds.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Lease">To be sent with every report and log chunk.</param>
/// <param name="Agent">The agent it is leased to.</param>
/// <param name="Env">Environment of every step, merged in the documented order.</param>
/// <param name="Secrets">Variables to be filled from secrets.</param>
/// <param name="Steps">In order.</param>
/// <param name="Outputs">Keys the steps may write.</param>
/// <param name="Checkout">What to check out first; null for nothing.</param>
/// <param name="TimeoutSeconds">Limit for the attempt.</param>
/// <param name="LostAfterSeconds">The agent ends the job by itself before it has been out of touch this long.</param>
/// <param name="LogLimitBytes">More log than this fails the job.</param>
/// <param name="TraceParent">W3C trace context.</param>
/// <param name="Container">What the steps run in; null for the agent's machine.</param>
/// <param name="Resources">What they may use together on the agent's machine; null for no limits of the job's own.</param>
[GenerateSerializer, Immutable, Alias("control.assignment")]
public sealed record Assignment(
    [property: Id(0)] AttemptId Attempt,
    [property: Id(1)] long Lease,
    [property: Id(2)] AgentId Agent,
    [property: Id(3)] ImmutableArray<EnvVar> Env,
    [property: Id(4)] ImmutableArray<SecretEnv> Secrets,
    [property: Id(5)] ImmutableArray<StepSpec> Steps,
    [property: Id(6)] ImmutableArray<string> Outputs,
    [property: Id(7)] CheckoutSpec? Checkout,
    [property: Id(8)] int TimeoutSeconds,
    [property: Id(9)] int LostAfterSeconds,
    [property: Id(10)] long LogLimitBytes,
    [property: Id(11)] string? TraceParent,
    [property: Id(12)] ContainerSpec? Container = null,
    [property: Id(20)] ResourceSpec? Resources = null)
{
    /// <summary>The reserved variable that the registry's user name comes in; no step sees it.</summary>
    public const string RegistryUser = "CONTROL_REGISTRY_USER";

    /// <summary>The reserved variable that the registry's password comes in; no step sees it.</summary>
    public const string RegistryPassword = "CONTROL_REGISTRY_PASSWORD";

    /// <summary>Containers beside the job's; empty also when a server from before there were any sent it.</summary>
    [Id(21)]
    public ImmutableArray<ServiceSpec> Services { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>The reserved variable that a service's secret comes in, instead of the one it is to fill; no step sees it.</summary>
    /// <param name="service">The service's name.</param>
    /// <param name="variable">The variable it fills, or one of the registry's.</param>
    public static string ServiceVariable(string service, string variable) => $"CONTROL_SERVICE_{service}_{variable}";
}

/// <summary>What to check out.</summary>
/// <param name="Repository">URL without credentials.</param>
/// <param name="Ref">The ref asked for, for people.</param>
/// <param name="Commit">The pinned commit.</param>
/// <param name="Depth">Commits of history; 0 for all.</param>
/// <param name="Credentials">Name of the secret; null for none.</param>
[GenerateSerializer, Immutable, Alias("control.checkout-spec")]
public sealed record CheckoutSpec(
    [property: Id(0)] string Repository,
    [property: Id(1)] string Ref,
    [property: Id(2)] string Commit,
    [property: Id(3)] int Depth,
    [property: Id(4)] string? Credentials);

/// <summary>Registers an agent that redeemed a join token.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels, each a <see cref="ResourceName"/>, up to 32.</param>
/// <param name="Capacity">Jobs at a time, 1 to 256.</param>
/// <param name="CredentialHash">SHA-256 of its credential, lower-case hex.</param>
/// <param name="SoftwareVersion">Version of its program.</param>
/// <param name="By">Who made the join token.</param>
[GenerateSerializer, Immutable, Alias("control.register-agent")]
public sealed record RegisterAgent(
    [property: Id(0)] string Name,
    [property: Id(1)] ImmutableArray<string> Labels,
    [property: Id(2)] int Capacity,
    [property: Id(3)] string CredentialHash,
    [property: Id(4)] string SoftwareVersion,
    [property: Id(5)] Actor By);

/// <summary>An agent's sign of life; with a positive <paramref name="Wait"/> it parks until there are orders.</summary>
/// <param name="BootId">Fresh at each start of the agent: a new one proves that what it ran is gone.</param>
/// <param name="Sequence">Grows with every message of a boot; an older message than the newest seen is not listened to.</param>
/// <param name="Free">How many more jobs it can take now.</param>
/// <param name="Holding">The leases it has, running or ending.</param>
/// <param name="Wait">How long to park, up to 20 s; zero only renews.</param>
[GenerateSerializer, Immutable, Alias("control.agent-poll")]
public sealed record AgentPoll(
    [property: Id(0)] string BootId,
    [property: Id(1)] long Sequence,
    [property: Id(2)] int Free,
    [property: Id(3)] ImmutableArray<LeaseRef> Holding,
    [property: Id(4)] TimeSpan Wait);

/// <summary>What an agent is to do.</summary>
/// <param name="Start">New work. The same lease may be delivered twice; an agent starts it once.</param>
/// <param name="Stop">Leases to end, processes and all, and to report as stopped.</param>
/// <param name="Forget">Leases that no longer hold: end the processes, report nothing.</param>
[GenerateSerializer, Immutable, Alias("control.agent-orders")]
public sealed record AgentOrders(
    [property: Id(0)] ImmutableArray<Assignment> Start,
    [property: Id(1)] ImmutableArray<LeaseRef> Stop,
    [property: Id(2)] ImmutableArray<LeaseRef> Forget)
{
    /// <summary>Nothing to do.</summary>
    public static AgentOrders None { get; } = new([], [], []);
}

/// <summary>A build agent. The key is an <see cref="AgentId"/>.</summary>
[Alias("control.IAgentGrain")]
public interface IAgentGrain : IGrainWithStringKey
{
    /// <summary>Records the agent.</summary>
    [Alias("Register")]
    Task<Outcome<AgentView>> Register(RegisterAgent command);

    /// <summary>Renews, and parks for orders.</summary>
    [Alias("Poll"), ResponseTimeout("00:00:40")]
    Task<Outcome<AgentOrders>> Poll(AgentPoll poll, CancellationToken cancellationToken);

    /// <summary>A pool wants to give it a job: true holds a slot for 10 s.</summary>
    [Alias("Reserve")]
    Task<bool> Reserve(AttemptId attempt);

    /// <summary>The slot held for an attempt is not needed.</summary>
    [Alias("Unreserve"), SafeToRetry]
    Task Unreserve(AttemptId attempt);

    /// <summary>Hands over leased work; it goes out with the parked poll or the next one.</summary>
    [Alias("Deliver"), SafeToRetry]
    Task Deliver(Assignment assignment);

    /// <summary>A run wants an attempt stopped.</summary>
    [Alias("Stop"), SafeToRetry]
    Task Stop(LeaseRef lease);

    /// <summary>A run is through with a lease.</summary>
    [Alias("Release"), SafeToRetry]
    Task Release(LeaseRef lease);

    /// <summary>Tells the agent about a pool that has work and that its labels serve.</summary>
    [Alias("PoolHasWork"), SafeToRetry]
    Task PoolHasWork(PoolKey pool);

    /// <summary>Removes the agent; what it runs is lost.</summary>
    [Alias("Remove")]
    Task<Outcome<Done>> Remove(Actor by);

    /// <summary>Looks at the clock; harmless at any time.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();
}

/// <summary>
/// Matches queued attempts that demand the same labels with agents that have a free slot. Holds nothing that SQL does not
/// hold: what is lost with it is found again by its reconcile every 5 s. The key is a <see cref="PoolKey"/>.
/// </summary>
[Alias("control.IPoolGrain")]
public interface IPoolGrain : IGrainWithStringKey
{
    /// <summary>An attempt became queued.</summary>
    [Alias("Enqueue"), SafeToRetry]
    Task Enqueue(ImmutableArray<AttemptId> attempts);

    /// <summary>An agent has so many free slots now; zero withdraws it.</summary>
    [Alias("Offer"), SafeToRetry]
    Task Offer(AgentId agent, string agentName, int free);

    /// <summary>Reads the queue again from SQL.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();

    /// <summary>Gives no job to an agent any more, or again; what runs goes on.</summary>
    [Alias("Hold")]
    Task<Outcome<PoolView>> Hold(SetHold command);
}

/// <summary>A join token as shown; the secret is shown once, by the gateway that made it.</summary>
/// <param name="Id">Public half.</param>
/// <param name="ExpiresAt">After this it is refused.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="RedeemedBy">The agent it became; null while unused.</param>
[GenerateSerializer, Immutable, Alias("control.join-token-view")]
public sealed record JoinTokenView(
    [property: Id(0)] string Id,
    [property: Id(1)] DateTimeOffset ExpiresAt,
    [property: Id(2)] Actor CreatedBy,
    [property: Id(3)] AgentId? RedeemedBy);

/// <summary>Makes a join token, by hash.</summary>
[GenerateSerializer, Immutable, Alias("control.create-join-token")]
public sealed record CreateJoinToken(
    [property: Id(0)] string SecretHash,
    [property: Id(1)] DateTimeOffset ExpiresAt,
    [property: Id(2)] Actor By);

/// <summary>A one-time token that lets one agent join; its key is the token's id.</summary>
[Alias("control.IJoinTokenGrain")]
public interface IJoinTokenGrain : IGrainWithStringKey
{
    /// <summary>Records the token.</summary>
    [Alias("Create")]
    Task<Outcome<JoinTokenView>> Create(CreateJoinToken command);

    /// <summary>
    /// Turns it into an agent. The redemption is committed before the agent is made. Repeated with the same credential hash
    /// (the first answer was lost) it gives the same agent; with another it is refused.
    /// </summary>
    [Alias("Redeem")]
    Task<Outcome<AgentView>> Redeem(string secretHash, RegisterAgent agent);
}
