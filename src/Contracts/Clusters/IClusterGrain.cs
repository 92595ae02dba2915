using Control.Contracts.Workspaces;

namespace Control.Contracts.Clusters;

/// <summary>How to reach a cluster, as far as it may be seen, and the rest sealed.</summary>
/// <param name="Server">Where its API server is.</param>
/// <param name="Credential">As in <see cref="ClusterView"/>.</param>
/// <param name="CredentialUntil">When that ends; null when it does not say.</param>
/// <param name="Sealed">A kubeconfig of one context, sealed for <see cref="ClusterAccessSecret"/>.</param>
[GenerateSerializer, Immutable, Alias("control.cluster-target")]
public sealed record ClusterTarget(
    [property: Id(0)] string Server,
    [property: Id(1)] string Credential,
    [property: Id(2)] DateTimeOffset? CredentialUntil,
    [property: Id(3)] SealedSecret Sealed);

/// <summary>What the access to a cluster is sealed as.</summary>
public static class ClusterAccessSecret
{
    /// <summary>The secret's name; no workspace can have one that is called so.</summary>
    public const string Name = "cluster:access";

    /// <summary>What it is sealed for, so that it opens for no other cluster.</summary>
    public static string Context(string cluster) => SecretContext.Of(cluster, Name);
}

/// <summary>Adds a cluster.</summary>
[GenerateSerializer, Immutable, Alias("control.create-cluster")]
public sealed record CreateCluster([property: Id(0)] string Description, [property: Id(1)] ClusterTarget Target, [property: Id(2)] Actor By);

/// <summary>Changes a cluster.</summary>
[GenerateSerializer, Immutable, Alias("control.update-cluster")]
public sealed record UpdateCluster([property: Id(0)] string Description, [property: Id(1)] long? ExpectedVersion, [property: Id(2)] Actor By);

/// <summary>Reaches a cluster in another way from now on.</summary>
[GenerateSerializer, Immutable, Alias("control.replace-cluster-access")]
public sealed record ReplaceClusterAccess([property: Id(0)] ClusterTarget Target, [property: Id(1)] Actor By);

/// <summary>What asking a cluster came to.</summary>
/// <param name="Access">The number of the access that was used; one that was replaced meanwhile says nothing.</param>
/// <param name="Facts">What was seen; null when it did not answer.</param>
/// <param name="Failure">Why it did not; null when it did.</param>
/// <param name="IsDefinite">True when asking again would come to the same, as with a refused credential.</param>
/// <param name="Question">Which question it answers; later ones have higher numbers.</param>
[GenerateSerializer, Immutable, Alias("control.cluster-report")]
public sealed record ClusterReport(
    [property: Id(0)] long Access, [property: Id(1)] ClusterFacts? Facts, [property: Id(2)] ClusterReason? Failure, [property: Id(3)] bool IsDefinite, [property: Id(4)] long Question = 0);

/// <summary>How a gateway reaches a cluster.</summary>
/// <param name="Number">Which access it is: of the same number, the same.</param>
/// <param name="Secret">The access, sealed; null when the caller knows it already.</param>
[GenerateSerializer, Immutable, Alias("control.cluster-access")]
public sealed record ClusterAccessGrant([property: Id(0)] long Number, [property: Id(1)] SealedSecret? Secret);

/// <summary>A connection to a Kubernetes cluster; its key is the cluster's name.</summary>
[Alias("control.IClusterGrain")]
public interface IClusterGrain : IGrainWithStringKey
{
    /// <summary>Adds the cluster; a conflict when it is there already. It is asked at once.</summary>
    [Alias("Create")]
    Task<Outcome<ClusterView>> Create(CreateCluster command);

    /// <summary>Changes its description.</summary>
    [Alias("Update")]
    Task<Outcome<ClusterView>> Update(UpdateCluster command);

    /// <summary>Reaches it in another way from now on; what is under way with the old access ends as it may.</summary>
    [Alias("ReplaceAccess")]
    Task<Outcome<ClusterView>> ReplaceAccess(ReplaceClusterAccess command);

    /// <summary>Forgets the cluster and its credential; nothing in the cluster changes.</summary>
    [Alias("Delete")]
    Task<Outcome<Done>> Delete(Actor by);

    /// <summary>Asks it now.</summary>
    /// <returns>What it is after the answer, or after the time an answer may take.</returns>
    [Alias("Check"), SafeToRetry]
    Task<Outcome<ClusterView>> Check();

    /// <summary>How to reach it, for a gateway that serves requests to it.</summary>
    /// <param name="known">The number of the access that the caller has; 0 for none.</param>
    [Alias("Access"), SafeToRetry]
    Task<Outcome<ClusterAccessGrant>> Access(long known);

    /// <summary>It was asked; whoever asks for this grain sends it this.</summary>
    [Alias("Report"), SafeToRetry]
    Task Report(ClusterReport report);

    /// <summary>Goes on asking. Harmless at any time.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();
}
