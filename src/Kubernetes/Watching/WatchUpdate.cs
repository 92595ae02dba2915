using System.Collections.Immutable;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Watching;

/// <summary>What an <see cref="ObjectWatch"/> tells.</summary>
public abstract record WatchUpdate
{
    private WatchUpdate()
    {
    }

    /// <summary>All objects there are: at the beginning, and again after any doubt.</summary>
    /// <param name="Objects">All of them.</param>
    /// <param name="ResourceVersion">The list's version.</param>
    public sealed record Snapshot(ImmutableArray<KubernetesObject> Objects, string ResourceVersion) : WatchUpdate;

    /// <summary>One object changed.</summary>
    /// <param name="Event">How; never a bookmark.</param>
    public sealed record Change(WatchEvent Event) : WatchUpdate;

    /// <summary>What was told may be out of date from here on; a snapshot follows once the server answers again.</summary>
    /// <param name="Fault">Why.</param>
    public sealed record Lost(KubernetesException Fault) : WatchUpdate;
}
