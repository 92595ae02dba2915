namespace Control.Grains.Workspaces;

/// <summary>The document of a workspace; its secrets are rows of their own.</summary>
internal sealed record WorkspaceDocument(
    string Description,
    DateTimeOffset CreatedAt,
    Actor CreatedBy,
    ImmutableSortedSet<string> Secrets,
    ImmutableSortedSet<string> Pipelines,
    bool Deleted);
