using Control.Contracts.Runs;
using Control.Storage;
using Control.Storage.Logs;
using Control.Storage.Queries.Logs;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Runs;

/// <summary>What is known of an attempt's log at one moment.</summary>
/// <param name="Length">Bytes stored.</param>
/// <param name="Final">The attempt has ended.</param>
/// <param name="Reported">The full length, once the agent told it.</param>
/// <param name="FinishedAt">When the attempt ended.</param>
internal sealed record LogState(long Length, bool Final, long? Reported, DateTimeOffset? FinishedAt)
{
    /// <summary>Everything that was written is stored.</summary>
    public bool Complete => Final && Reported is { } length && Length >= length;
}

/// <summary>Finds and reads attempts' logs.</summary>
internal sealed class AttemptLog(SubjectQueries subjects, LogStore store, LogReader logs)
{
    /// <summary>The log's state; null when there is no such attempt.</summary>
    public async Task<LogState?> StateAsync(AttemptId attempt, CancellationToken cancellationToken)
    {
        // The attempt first: what it reports as its length was stored before or is still to come, never lost in between.
        var subject = new SubjectKey(SubjectKinds.Run, attempt.Run.ToString());
        if (await subjects.GetChildAsync(subject, attempt.LocalKey, cancellationToken) is not { View: { } json })
        {
            return null;
        }

        var view = ContractJson.Read<AttemptView>(json);
        var length = await store.LengthAsync(attempt, cancellationToken);
        var final = view.State is AttemptState.Succeeded or AttemptState.Failed or AttemptState.Cancelled or AttemptState.Lost;
        return new LogState(length, final, view.LogLength, view.FinishedAt);
    }

    public Task<LogSlice> ReadAsync(AttemptId attempt, long offset, int maxBytes, CancellationToken cancellationToken) =>
        logs.ReadAsync(attempt, offset, maxBytes, cancellationToken);
}
