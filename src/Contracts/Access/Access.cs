using System.Collections.Immutable;

namespace Control.Contracts.Access;

/// <summary>What kind of being acted. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.actor-kind")]
public enum ActorKind
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>A holder of an access token.</summary>
    Token = 1,

    /// <summary>A build agent.</summary>
    Agent = 2,

    /// <summary>Control itself: a time-out, a retry rule, an adoption.</summary>
    System = 3,

    /// <summary>A trigger of a pipeline; id and name are the trigger's.</summary>
    Trigger = 4,
}

/// <summary>Who did something; recorded with every event and attempt.</summary>
/// <param name="Kind">What kind of being.</param>
/// <param name="Id">Stable id, such as a token's id.</param>
/// <param name="Name">Name for people, as it was at that time.</param>
[GenerateSerializer, Immutable, Alias("control.actor")]
public sealed record Actor([property: Id(0)] ActorKind Kind, [property: Id(1)] string Id, [property: Id(2)] string Name)
{
    /// <summary>Control acting by a rule of its own.</summary>
    public static Actor System { get; } = new(ActorKind.System, "control", "control");

    /// <summary>Control deleting what a pipeline's or workspace's retention policy does not keep.</summary>
    public static Actor Retention { get; } = new(ActorKind.System, "retention", "retention");
}

/// <summary>
/// What a token may do. Scopes are words on the wire; each route group demands one. <see cref="Admin"/> includes all.
/// </summary>
public static class Scopes
{
    /// <summary>Read workspaces, pipelines, runs, logs, agents.</summary>
    public const string Read = "read";

    /// <summary>Start, cancel and retry runs.</summary>
    public const string Run = "run";

    /// <summary>Decide gates.</summary>
    public const string Approve = "approve";

    /// <summary>Create and change pipelines and secrets.</summary>
    public const string Write = "write";

    /// <summary>Manage agents and their join tokens.</summary>
    public const string Agents = "agents";

    /// <summary>Everything, workspaces and tokens included.</summary>
    public const string Admin = "admin";

    /// <summary>All scopes, for validation and help texts.</summary>
    public static ImmutableArray<string> All { get; } = [Read, Run, Approve, Write, Agents, Admin];
}

/// <summary>An access token as it may be shown: everything but the secret.</summary>
/// <param name="Id">Public half of the token; what lists and audits show.</param>
/// <param name="Name">Name given by its maker.</param>
/// <param name="Scopes">What it may do, of <see cref="Access.Scopes"/>.</param>
/// <param name="Workspaces">The only workspaces it sees; empty means all.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">After this it is refused.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="Revoked">True when it was taken back.</param>
[GenerateSerializer, Immutable, Alias("control.token-view")]
public sealed record TokenView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] ImmutableArray<string> Scopes,
    [property: Id(3)] ImmutableArray<string> Workspaces,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] DateTimeOffset ExpiresAt,
    [property: Id(6)] Actor CreatedBy,
    [property: Id(7)] bool Revoked);

/// <summary>Asks for a new access token; the gateway made the secret and passes only its hash.</summary>
/// <param name="Name">Name for people, a <see cref="ResourceName"/>.</param>
/// <param name="Scopes">At least one of <see cref="Access.Scopes"/>.</param>
/// <param name="Workspaces">The only workspaces it sees; empty means all.</param>
/// <param name="ExpiresAt">After this it is refused.</param>
/// <param name="SecretHash">SHA-256 of the secret half, lower-case hex; the secret has 256 random bits, so no salt or stretching is needed.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.create-token")]
public sealed record CreateToken(
    [property: Id(0)] string Name,
    [property: Id(1)] ImmutableArray<string> Scopes,
    [property: Id(2)] ImmutableArray<string> Workspaces,
    [property: Id(3)] DateTimeOffset ExpiresAt,
    [property: Id(4)] string SecretHash,
    [property: Id(5)] Actor By);

/// <summary>An access token; its key is the token's id.</summary>
[Alias("control.IAccessTokenGrain")]
public interface IAccessTokenGrain : IGrainWithStringKey
{
    /// <summary>Records the token. The id is fresh, so a second call with another hash is a conflict.</summary>
    [Alias("Create")]
    Task<Outcome<TokenView>> Create(CreateToken command);

    /// <summary>Takes the token back, at once on this node and within the gateways' cache time (5 s) elsewhere.</summary>
    [Alias("Revoke")]
    Task<Outcome<Done>> Revoke(Actor by);
}
