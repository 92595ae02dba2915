using Control.Contracts.Workspaces;

namespace Control.Grains.Workspaces;

/// <summary>The document of a workspace; its secrets are rows of their own.</summary>
internal sealed record WorkspaceDocument(
    string Description,
    DateTimeOffset CreatedAt,
    Actor CreatedBy,
    ImmutableSortedSet<string> Secrets,
    ImmutableSortedSet<string> Pipelines,
    bool Deleted)
{
    /// <summary>What it may use; null for no limits but the installation's.</summary>
    public WorkspaceLimits? Limits { get; init; }

    /// <summary>The retention policy of its pipelines that have none of their own; null for none.</summary>
    public RetentionPolicy? Retention { get; init; }

    /// <summary>Why no job of it is given to an agent; null when they are.</summary>
    public Hold? Hold { get; init; }
}
