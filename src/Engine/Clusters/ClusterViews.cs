using Control.Contracts.Clusters;

namespace Control.Engine.Clusters;

/// <summary>What readers see of a cluster; projected at commit.</summary>
public static class ClusterViews
{
    /// <summary>The cluster.</summary>
    public static ClusterView Cluster(string name, ClusterModel model, long version) => new(
        name,
        model.Description,
        model.Server,
        model.State,
        model.Reasons,
        model.Facts,
        model.Credential,
        model.CredentialUntil,
        model.CreatedAt,
        model.CreatedBy,
        model.ChangedAt,
        version);
}
