using Control.Engine.Clusters;

namespace Control.Grains.Clusters;

/// <summary>The document of a cluster; its credential is a row of its own, sealed.</summary>
/// <param name="Model">All of it.</param>
internal sealed record ClusterDocument(ClusterModel Model);
