using Control.Cli.Output;
using Control.Contracts.Retention;

namespace Control.Cli.Retention;

/// <summary>How policies are worded for people.</summary>
internal static class PolicyText
{
    /// <summary>What a policy keeps.</summary>
    public static string Of(RetentionPolicy policy) => policy.KeepsAll ? "all runs" : string.Join(", ", new[]
    {
        policy.Keep > 0 ? $"the newest {policy.Keep}" : null,
        policy.AgeSeconds > 0 ? $"none older than {Age(policy)}" : null,
        policy.KeepSucceeded > 0 ? $"the newest {(policy.KeepSucceeded > 1 ? $"{policy.KeepSucceeded} " : "")}succeeded in any case" : null,
    }.OfType<string>());

    /// <summary>Why a run goes by it.</summary>
    public static string Why(RetentionPolicy policy, PruneRule rule) => rule switch
    {
        PruneRule.Keep => $"beyond the newest {policy.Keep}",
        PruneRule.Age => $"older than {Age(policy)}",
        _ => Texts.Word(rule),
    };

    private static string Age(RetentionPolicy policy)
    {
        var age = TimeSpan.FromSeconds(policy.AgeSeconds);
        return age.TotalDays >= 1 && age == TimeSpan.FromDays(age.Days) ? $"{age.Days}d" : Texts.Duration(age);
    }
}
