using System.Collections.Immutable;

namespace Control.Contracts.Clusters;

/// <summary>What was seen of a cluster when it was last looked at.</summary>
/// <param name="At">When.</param>
/// <param name="KubernetesVersion">Such as <c>v1.33.1</c>.</param>
/// <param name="Platform">Such as <c>linux/amd64</c>.</param>
/// <param name="Kinds">How many kinds of objects it serves.</param>
/// <param name="Nodes">How many nodes; null when the credential may not see them.</param>
/// <param name="ReadyNodes">How many of those are ready; null with <paramref name="Nodes"/>.</param>
/// <param name="Namespaces">How many namespaces; null when the credential may not see them.</param>
/// <param name="LatencyMilliseconds">How long the answer to the smallest question took.</param>
/// <param name="UnavailableApis">Group versions that are announced and not served.</param>
[GenerateSerializer, Immutable, Alias("control.cluster-facts")]
public sealed record ClusterFacts(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] string KubernetesVersion,
    [property: Id(2)] string Platform,
    [property: Id(3)] int Kinds,
    [property: Id(4)] int? Nodes,
    [property: Id(5)] int? ReadyNodes,
    [property: Id(6)] int? Namespaces,
    [property: Id(7)] int LatencyMilliseconds,
    [property: Id(8)] ImmutableArray<string> UnavailableApis);

/// <summary>A Kubernetes cluster as shown: never its credential.</summary>
/// <param name="Name">Its name and key.</param>
/// <param name="Description">Free text, up to 1,000 characters.</param>
/// <param name="Server">Where its API server is.</param>
/// <param name="State">How it is connected.</param>
/// <param name="Reasons">Why it is not simply connected; empty when it is.</param>
/// <param name="Facts">What was last seen of it; null before it first answered. Written when something changed, so its latency is of then.</param>
/// <param name="Credential">What is shown to it: <c>certificate</c>, <c>token</c>, <c>password</c> or <c>none</c>.</param>
/// <param name="CredentialUntil">When that ends; null when it does not say.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="CreatedBy">Who added it.</param>
/// <param name="ChangedAt">When its state last changed.</param>
/// <param name="Version">Counts changes; the ETag.</param>
[GenerateSerializer, Immutable, Alias("control.cluster-view")]
public sealed record ClusterView(
    [property: Id(0)] string Name,
    [property: Id(1)] string Description,
    [property: Id(2)] string Server,
    [property: Id(3)] ClusterState State,
    [property: Id(4)] ImmutableArray<ClusterReason> Reasons,
    [property: Id(5)] ClusterFacts? Facts,
    [property: Id(6)] string Credential,
    [property: Id(7)] DateTimeOffset? CredentialUntil,
    [property: Id(8)] DateTimeOffset CreatedAt,
    [property: Id(9)] Actor CreatedBy,
    [property: Id(10)] DateTimeOffset ChangedAt,
    [property: Id(11)] long Version);
