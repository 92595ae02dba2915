using System.Collections.Immutable;

namespace Control.Storage.Queries.Subjects;

/// <summary>Which subjects a list shows; all conditions hold together.</summary>
/// <param name="Kind">Of <see cref="SubjectKinds"/>.</param>
/// <param name="Workspace">Only of this workspace.</param>
/// <param name="Workspaces">Only of these workspaces, up to <see cref="MaxWorkspaces"/>; null for all, empty for none.</param>
/// <param name="Parent">Only under this parent.</param>
/// <param name="States">Only in these states, up to 32; null for all, empty for none.</param>
public sealed record SubjectFilter(
    string Kind,
    string? Workspace = null,
    ImmutableArray<string>? Workspaces = null,
    string? Parent = null,
    ImmutableArray<string>? States = null)
{
    /// <summary>Most workspaces a filter names: each is one index seek.</summary>
    public const int MaxWorkspaces = 100;

    /// <summary>Most states a filter names.</summary>
    public const int MaxStates = 32;
}

/// <summary>One subject of a list.</summary>
/// <param name="View">Its view.</param>
/// <param name="Key">Its key.</param>
/// <param name="Version">Counts its commits; the ETag.</param>
/// <param name="State">Its state as a camelCase word.</param>
public sealed record Row<T>(T View, string Key, long Version, string State);

/// <summary>What authenticates as a subject.</summary>
/// <param name="SecretHash">Hash of its credential; null when it has none.</param>
/// <param name="View">Its view as JSON.</param>
/// <param name="State">Its state as a camelCase word.</param>
/// <param name="Deleted">True when it was deleted: its credential is refused.</param>
public sealed record CredentialRow(string? SecretHash, string View, string State, bool Deleted);

/// <summary>A child in a list.</summary>
/// <param name="Key">Its key within the subject.</param>
/// <param name="State">Its state as a camelCase word.</param>
/// <param name="Ordinal">Its place.</param>
/// <param name="View">Its view as JSON; null when it has none.</param>
public sealed record StoredChildView(string Key, string State, long Ordinal, string? View);

/// <summary>One child.</summary>
/// <param name="Key">Its key within the subject.</param>
/// <param name="Kind">What kind of child.</param>
/// <param name="State">Its state as a camelCase word.</param>
/// <param name="Holder">The agent that has or had it.</param>
/// <param name="Fence">Fence of its lease.</param>
/// <param name="Ordinal">Its place.</param>
/// <param name="View">Its view as JSON; null when it has none.</param>
/// <param name="Document">Its document, for children of kind <c>definition</c> only.</param>
public sealed record ChildHead(
    string Key, string Kind, string State, string? Holder, long Fence, long Ordinal, string? View, string? Document);
