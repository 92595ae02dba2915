namespace Control.Contracts.Groups;

/// <summary>What happens to a claim when the group is full. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.group-overflow")]
public enum GroupOverflow
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>It waits for its turn, by when its run was created.</summary>
    Queue = 1,

    /// <summary>It waits, and the runs with the oldest claims are cancelled until it has a place.</summary>
    CancelOldest = 2,

    /// <summary>It is refused.</summary>
    Reject = 3,
}

/// <summary>A claim of a run, by its fence: no two claims of a run have the same.</summary>
/// <param name="Run">The run.</param>
/// <param name="Fence">Its number for the claim.</param>
[GenerateSerializer, Immutable, Alias("control.claim-ref")]
public readonly record struct ClaimRef([property: Id(0)] RunId Run, [property: Id(1)] long Fence);

/// <summary>Asks for a place in a group.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Part">What is to go on with it: empty for the run, a stage's name, or <c>stage.job/attempt</c>.</param>
/// <param name="Since">When the run was created; earlier ones come first.</param>
/// <param name="Limit">Most places at a time, 1 to 1,000. Of claims with different limits, each counts.</param>
/// <param name="Overflow">What to do when the group is full.</param>
/// <param name="Queue">Most claims waiting; 0 for the group's own limit.</param>
[GenerateSerializer, Immutable, Alias("control.group-claim")]
public sealed record GroupClaim(
    [property: Id(0)] ClaimRef Claim,
    [property: Id(1)] string Part,
    [property: Id(2)] DateTimeOffset Since,
    [property: Id(3)] int Limit,
    [property: Id(4)] GroupOverflow Overflow,
    [property: Id(5)] int Queue);

/// <summary>What a group answers to a claim. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.claim-verdict")]
public enum ClaimVerdict
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>It has a place.</summary>
    Granted = 1,

    /// <summary>It gets none, and does not wait.</summary>
    Rejected = 2,

    /// <summary>A newer claim takes its place: the run is to be cancelled.</summary>
    Superseded = 3,
}

/// <summary>A group's answer.</summary>
/// <param name="Group">The group.</param>
/// <param name="Fence">Of the claim.</param>
/// <param name="Verdict">The answer.</param>
/// <param name="Message">Why, in a sentence, for people; empty for a grant.</param>
[GenerateSerializer, Immutable, Alias("control.claim-answer")]
public sealed record ClaimAnswer(
    [property: Id(0)] GroupId Group,
    [property: Id(1)] long Fence,
    [property: Id(2)] ClaimVerdict Verdict,
    [property: Id(3)] string Message);
