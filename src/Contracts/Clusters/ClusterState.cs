namespace Control.Contracts.Clusters;

/// <summary>How a cluster is connected. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.cluster-state")]
public enum ClusterState
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Nobody has spoken to it yet.</summary>
    Pending = 1,

    /// <summary>It is being spoken to for the first time, or for the first time with another credential.</summary>
    Connecting = 2,

    /// <summary>It answers, and nothing is wrong.</summary>
    Connected = 3,

    /// <summary>It answers, and something is wrong: the reasons say what.</summary>
    Degraded = 4,

    /// <summary>It does not answer, or not to us: the reasons say why. It is asked again all the time.</summary>
    Disconnected = 5,
}

/// <summary>Codes of <see cref="ClusterReason"/>; documented in docs/clusters.md.</summary>
public static class ClusterReasons
{
    /// <summary>No answer: nothing listens, the connection broke, or it took too long.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The credential is not accepted.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>The credential may not even ask what kinds there are.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>What answers is no API server, or one that fails.</summary>
    public const string Failing = "failing";

    /// <summary>The access cannot be opened: its key is gone. Give it again.</summary>
    public const string AccessLost = "access-lost";

    /// <summary>The credential has ended, or ends within 14 days.</summary>
    public const string CredentialEnding = "credential-ending";

    /// <summary>An API that is announced is not served.</summary>
    public const string ApiUnavailable = "api-unavailable";

    /// <summary>Nodes are not ready.</summary>
    public const string NodesNotReady = "nodes-not-ready";

    /// <summary>Answers take 2 s and more.</summary>
    public const string Slow = "slow";
}

/// <summary>Why a cluster is not simply connected.</summary>
/// <param name="Code">Of <see cref="ClusterReasons"/>; stable.</param>
/// <param name="Message">A sentence for a person, with the cure where there is one.</param>
[GenerateSerializer, Immutable, Alias("control.cluster-reason")]
public sealed record ClusterReason([property: Id(0)] string Code, [property: Id(1)] string Message);
