using Control.Contracts.Retention;

namespace Control.Api.Retention;

/// <summary>Sets a workspace's policy. One rule at least is needed.</summary>
internal sealed record SetRetentionRequest(int? Keep, int? AgeSeconds, int? KeepSucceeded) : IRequestBody
{
    public RetentionPolicy Policy => new(Keep ?? 0, AgeSeconds ?? 0, KeepSucceeded ?? 1);

    public IEnumerable<FieldError> Check()
    {
        if (Keep is null && AgeSeconds is null)
        {
            yield return new FieldError("keep", "Give keep, ageSeconds or both. To keep every run, delete the policy.");
        }

        foreach (var error in Bounds())
        {
            yield return error;
        }
    }

    /// <summary>What is wrong with the figures.</summary>
    public IEnumerable<FieldError> Bounds()
    {
        if (Keep is < 1 or > RetentionPolicy.MostKept)
        {
            yield return new FieldError("keep", $"Must be a number from 1 to {RetentionPolicy.MostKept}; leave it out for no such rule.");
        }

        if (AgeSeconds is < RetentionPolicy.LeastAge or > RetentionPolicy.MostAge)
        {
            yield return new FieldError("ageSeconds", $"Must be a number from {RetentionPolicy.LeastAge} to {RetentionPolicy.MostAge}; leave it out for no such rule.");
        }

        if (KeepSucceeded is < 0 or > RetentionPolicy.MostKept)
        {
            yield return new FieldError("keepSucceeded", $"Must be a number from 0 to {RetentionPolicy.MostKept}; 1 when left out.");
        }
    }
}

/// <summary>Deletes what a policy does not keep, a page at a time. Without a rule the policy in force is applied.</summary>
internal sealed record PruneRequest(int? Keep, int? AgeSeconds, int? KeepSucceeded, bool? DryRun, long? From, int? Limit) : IRequestBody
{
    private const int UsualLimit = 50;

    private bool HasRule => Keep is not null || AgeSeconds is not null;

    private SetRetentionRequest Rules => new(Keep, AgeSeconds, KeepSucceeded);

    public PruneRuns Command(Actor by) =>
        new(HasRule ? Rules.Policy : null, DryRun ?? false, From ?? 1, Limit ?? UsualLimit, by);

    public IEnumerable<FieldError> Check()
    {
        foreach (var error in Rules.Bounds())
        {
            yield return error;
        }

        if (KeepSucceeded is not null && !HasRule)
        {
            yield return new FieldError("keepSucceeded", "It belongs to a policy of the request. Give keep or ageSeconds too, or leave it out.");
        }

        if (From < 1)
        {
            yield return new FieldError("from", "Must be the next of the page before; leave it out for the first page.");
        }

        if (Limit is < 1 or > PruneRuns.MostRuns)
        {
            yield return new FieldError("limit", $"Must be a number from 1 to {PruneRuns.MostRuns}.");
        }
    }
}

/// <summary>Keeps a run.</summary>
internal sealed record KeepRequest(string? Reason) : IRequestBody
{
    private const int MaxReason = 1_000;

    public IEnumerable<FieldError> Check() => Checks.Text("reason", Reason, MaxReason);
}
