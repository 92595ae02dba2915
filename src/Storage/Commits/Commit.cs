using System.Collections.Immutable;
using Control.Contracts.Access;
using Control.Contracts.Errors;

namespace Control.Storage.Commits;

/// <summary>One commit of one grain: all of it becomes durable, or none.</summary>
public sealed record Commit
{
    /// <summary>Most characters of a document, of a child's document too.</summary>
    public const int MaxDocument = 4 * 1024 * 1024;

    /// <summary>Most characters of a view or an event's data.</summary>
    public const int MaxView = 1024 * 1024;

    /// <summary>Most child changes, and most events.</summary>
    public const int MaxRows = 10_000;

    /// <summary>Whose state it is.</summary>
    public required SubjectKey Subject { get; init; }

    /// <summary>The version the grain knows; 0 when the subject must not exist. The commit makes it one higher.</summary>
    public required long ExpectedVersion { get; init; }

    /// <summary>The grain's state as JSON, read by its next activation only. Up to <see cref="MaxDocument"/>.</summary>
    public required string Document { get; init; }

    /// <summary>What lists and indexes see of it.</summary>
    public required SubjectIndex Index { get; init; }

    /// <summary>Child rows to add or replace, by key; others stay as they are.</summary>
    public ImmutableArray<ChildChange> Children { get; init; } = [];

    /// <summary>Keys of child rows that go; unknown ones are ignored.</summary>
    public ImmutableArray<string> RemovedChildren { get; init; } = [];

    /// <summary>What happened, in order; they get the subject's next sequence numbers.</summary>
    public ImmutableArray<NewEvent> Events { get; init; } = [];

    /// <summary>When a scheduler is to wake the grain; null for never.</summary>
    public DateTimeOffset? NextWake { get; init; }

    /// <summary>Roughly how many bytes it writes.</summary>
    internal long Size => Document.Length + Index.View.Length
        + Children.Sum(child => (long)child.Document.Length + (child.View?.Length ?? 0) + 256)
        + Events.Sum(item => (long)item.Data.Length + 256) + 512;

    /// <summary>Refuses what no grain may write, before it takes part in a transaction with others.</summary>
    /// <exception cref="ControlException"><c>commit-too-large</c>, or <c>commit-invalid</c>.</exception>
    internal void Check()
    {
        if (string.IsNullOrEmpty(Subject.Kind) || string.IsNullOrEmpty(Subject.Key) || ExpectedVersion < 0)
            throw new ControlException("commit-invalid", $"A commit of '{Subject}' at version {ExpectedVersion} names no subject or no version.");
        Limit(Document.Length, MaxDocument, "document");
        Limit(Index.View.Length, MaxView, "view");
        Limit(Children.Length, MaxRows, "number of children");
        Limit(RemovedChildren.Length, MaxRows, "number of removed children");
        Limit(Events.Length, MaxRows, "number of events");
        foreach (var child in Children)
        {
            Limit(child.Document.Length, MaxDocument, $"document of child {child.Key}");
            Limit(child.View?.Length ?? 0, MaxView, $"view of child {child.Key}");
        }

        foreach (var item in Events)
            Limit(item.Data.Length, MaxView, $"data of event {item.Type}");
    }

    private void Limit(long size, long limit, string what)
    {
        if (size > limit)
            throw new ControlException("commit-too-large", $"The {what} of {Subject} is {size}; the limit is {limit}.");
    }
}

/// <summary>What lists and indexes see of a subject.</summary>
/// <param name="Workspace">Owning workspace; empty for none.</param>
/// <param name="Parent">The subject it is listed under, such as a run's pipeline; empty for none.</param>
/// <param name="Ordinal">Its place in lists, before its key.</param>
/// <param name="State">State as a camelCase word.</param>
/// <param name="Terminal">True when it needs no owner any more.</param>
/// <param name="Deleted">True when readers no longer see it; its events stay.</param>
/// <param name="View">JSON for readers, without secrets.</param>
/// <param name="SecretHash">Hash of the credential that authenticates as it; null for none.</param>
/// <param name="Owner">Boot id of the silo that has its activation; null when none is needed.</param>
public sealed record SubjectIndex(
    string Workspace,
    string Parent,
    long Ordinal,
    string State,
    bool Terminal,
    bool Deleted,
    string View,
    string? SecretHash = null,
    string? Owner = null);

/// <summary>A child row to add or replace.</summary>
/// <param name="Key">Its key within the subject.</param>
/// <param name="Kind">What kind of child.</param>
/// <param name="State">State as a camelCase word; of <see cref="ChildStates"/> where the store itself looks at it.</param>
/// <param name="Queue">The pool it waits in, while queued.</param>
/// <param name="Holder">The agent that has or had it.</param>
/// <param name="Fence">Its lease's fence; 0 before the first.</param>
/// <param name="Ordinal">Its place in lists and in the queue.</param>
/// <param name="Document">JSON for the grain.</param>
/// <param name="View">JSON for readers; null when they have no business with it.</param>
public sealed record ChildChange(
    string Key, string Kind, string State, string? Queue, string? Holder, long Fence, long Ordinal, string Document, string? View);

/// <summary>States of children that the store's indexes know. The rest are the grains' own words.</summary>
public static class ChildStates
{
    /// <summary>Waits in its queue.</summary>
    public const string Queued = "queued";

    /// <summary>Given to its holder.</summary>
    public const string Leased = "leased";

    /// <summary>Its holder works on it.</summary>
    public const string Running = "running";

    /// <summary>Its holder was told to stop.</summary>
    public const string Stopping = "stopping";

    /// <summary>No longer shown to readers.</summary>
    public const string Deleted = "deleted";
}

/// <summary>An event to append.</summary>
/// <param name="Type">Of <see cref="Contracts.Events.EventTypes"/>.</param>
/// <param name="At">When it happened.</param>
/// <param name="By">Who did it.</param>
/// <param name="Data">A JSON object, without secrets.</param>
public sealed record NewEvent(string Type, DateTimeOffset At, Actor By, string Data);

/// <summary>What a durable commit made.</summary>
/// <param name="Version">The subject's new version.</param>
/// <param name="LastSequence">Sequence of the subject's last event; 0 when it has none.</param>
public sealed record CommitReceipt(long Version, long LastSequence);

/// <summary>A subject as its grain loads it.</summary>
/// <param name="Version">To be expected by the next commit.</param>
/// <param name="Document">The grain's state as JSON.</param>
/// <param name="Index">What lists and indexes see.</param>
/// <param name="NextWake">When a scheduler is to wake it.</param>
/// <param name="LastSequence">Sequence of its last event.</param>
public sealed record StoredSubject(long Version, string Document, SubjectIndex Index, DateTimeOffset? NextWake, long LastSequence);

/// <summary>A child row as its grain loads it; see <see cref="ChildChange"/>.</summary>
public sealed record StoredChild(
    string Key, string Kind, string State, string? Queue, string? Holder, long Fence, long Ordinal, string Document, string? View);
