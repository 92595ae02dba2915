using Control.Contracts.Clusters;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>The Kubernetes clusters.</summary>
    public Task<Answer<ItemPage<ClusterView>>> ListClustersAsync(PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<ClusterView>("/clusters", page, cancellationToken);

    /// <summary>One cluster.</summary>
    public Task<Answer<ClusterView>> GetClusterAsync(string name, CancellationToken cancellationToken) =>
        GetAsync<ClusterView>(ClusterPath(name), cancellationToken);

    /// <summary>Adds a cluster.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">Free text.</param>
    /// <param name="kubeconfig">How to reach it.</param>
    /// <param name="context">Which context of that; null for the current one.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    public Task<Answer<ClusterView>> CreateClusterAsync(string name, string description, string kubeconfig, string? context, CancellationToken cancellationToken) =>
        PostAsync<ClusterView>("/clusters", new { name, description, kubeconfig, context }, cancellationToken);

    /// <summary>Changes a cluster's description; with a version only when it is still at that one.</summary>
    public Task<Answer<ClusterView>> UpdateClusterAsync(string name, string description, long? version, CancellationToken cancellationToken) =>
        AskAsync<ClusterView>(new ApiRequest(HttpMethod.Put, ClusterPath(name), RequestBody.Json(new { description }), Tag(version)), cancellationToken);

    /// <summary>Reaches a cluster in another way from now on.</summary>
    public Task<Answer<ClusterView>> SetClusterAccessAsync(string name, string kubeconfig, string? context, CancellationToken cancellationToken) =>
        AskAsync<ClusterView>(new ApiRequest(HttpMethod.Put, $"{ClusterPath(name)}/access", RequestBody.Json(new { kubeconfig, context })), cancellationToken);

    /// <summary>Asks a cluster now.</summary>
    public Task<Answer<ClusterView>> CheckClusterAsync(string name, CancellationToken cancellationToken) =>
        AskAsync<ClusterView>(new ApiRequest(HttpMethod.Post, $"{ClusterPath(name)}/check"), cancellationToken);

    /// <summary>Forgets a cluster.</summary>
    public Task DeleteClusterAsync(string name, CancellationToken cancellationToken) => DeleteAsync(ClusterPath(name), null, cancellationToken);

    private static string ClusterPath(string name) => $"/clusters/{Escape(name)}";
}
