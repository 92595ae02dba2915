using System.Text.Json.Serialization;

namespace Control.Contracts.Retention;

/// <summary>Which ended runs of a pipeline are deleted: those that one of the two rules hits and nothing protects.</summary>
/// <param name="Keep">Ended runs kept by number, newest first; those beyond go. 0 for no such rule.</param>
/// <param name="AgeSeconds">A run goes when its end lies longer back. 0 for no such rule.</param>
/// <param name="KeepSucceeded">So many of the newest runs that succeeded stay whatever the rules say.</param>
[GenerateSerializer, Immutable, Alias("control.retention-policy")]
public sealed record RetentionPolicy([property: Id(0)] int Keep, [property: Id(1)] int AgeSeconds, [property: Id(2)] int KeepSucceeded = 1)
{
    /// <summary>Most runs that a rule can keep, and most succeeded ones.</summary>
    public const int MostKept = 10_000;

    /// <summary>Shortest age in seconds, an hour: with less, a slip of a unit would delete what somebody is looking at.</summary>
    public const int LeastAge = 60 * 60;

    /// <summary>Longest age in seconds: ten years.</summary>
    public const int MostAge = 3650 * 24 * 60 * 60;

    /// <summary>No rule: nothing is deleted.</summary>
    public static RetentionPolicy All { get; } = new(0, 0);

    /// <summary>Whether there is no rule.</summary>
    [JsonIgnore]
    public bool KeepsAll => Keep == 0 && AgeSeconds == 0;
}

/// <summary>Sets the policy of a workspace's pipelines that have none of their own.</summary>
/// <param name="Policy">Null for none.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.set-retention")]
public sealed record SetRetention([property: Id(0)] RetentionPolicy? Policy, [property: Id(1)] Actor By);
