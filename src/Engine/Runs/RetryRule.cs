using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>Whether a job's rule asks for another attempt.</summary>
internal static class RetryRule
{
    // Reasons that are nobody's transient trouble: another attempt would only repeat them.
    private static readonly string[] Final = [Reasons.SecretMissing, Reasons.LogLimit, Reasons.BadOutputs, Reasons.GroupFull];

    /// <summary>True when <paramref name="ended"/> is to be followed by another attempt.</summary>
    public static bool Applies(RunModel model, AttemptRecord ended)
    {
        var rule = model.Jobs[ended.Id.Job].Spec.Retry;
        return ReasonOf(ended) is { } reason
            && (rule.On.IsEmpty || rule.On.Contains(reason))
            && RetriesSoFar(model, ended) < rule.Limit;
    }

    /// <summary>The pause before the attempt that follows <paramref name="ended"/>: it grows by the rule's factor each time.</summary>
    public static TimeSpan Pause(RunModel model, AttemptRecord ended)
    {
        var rule = model.Jobs[ended.Id.Job].Spec.Retry;
        var seconds = rule.DelaySeconds * Math.Pow(rule.Factor, RetriesSoFar(model, ended));
        return TimeSpan.FromSeconds(Math.Min(seconds, rule.MaxDelaySeconds));
    }

    private static RetryReason? ReasonOf(AttemptRecord ended) => ended.State switch
    {
        AttemptState.Lost or AttemptState.Failed when ended.Reason == Reasons.TimedOut => RetryReason.Timeout,
        AttemptState.Lost => RetryReason.Lost,
        AttemptState.Failed when !Final.Contains(ended.Reason) => RetryReason.Failure,
        _ => null,
    };

    // A person's retry starts the count anew.
    private static int RetriesSoFar(RunModel model, AttemptRecord ended)
    {
        var count = 0;
        for (var attempt = ended; attempt.Cause == Causes.RetryRule; count++)
        {
            attempt = model.Attempts[(attempt.Id with { Number = attempt.Id.Number - 1 }).LocalKey];
        }

        return count;
    }
}
