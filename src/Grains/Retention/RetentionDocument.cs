namespace Control.Grains.Retention;

/// <summary>The document of a pipeline's retention.</summary>
/// <param name="IsActive">Whether it looks for runs by itself: there is a policy, or there may be one soon.</param>
/// <param name="WakeAt">When it looks next; null for never.</param>
/// <param name="Batch">What it set out to delete; null for nothing.</param>
/// <param name="Deleted">Runs deleted so far.</param>
/// <param name="LastDeletedAt">When the last of them was.</param>
internal sealed record RetentionDocument(bool IsActive, DateTimeOffset? WakeAt, PruneBatch? Batch, long Deleted, DateTimeOffset? LastDeletedAt)
{
    /// <summary>Before anything was done.</summary>
    public static RetentionDocument None { get; } = new(false, null, null, 0, null);
}

/// <summary>Runs that are about to be deleted. It is not a right to: only those found deleted afterwards are told of.</summary>
/// <param name="Runs">Which.</param>
/// <param name="By">Who deletes them.</param>
internal sealed record PruneBatch(ImmutableArray<PruneMark> Runs, Actor By);

/// <summary>A run that is about to be deleted.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Rule">Why.</param>
internal sealed record PruneMark(long Number, PruneRule Rule);
