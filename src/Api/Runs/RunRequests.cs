using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Api.Runs;

/// <summary>Asks for a run.</summary>
internal sealed record StartRunRequest(ImmutableDictionary<string, string>? Parameters, string? Ref) : IRequestBody
{
    public IEnumerable<FieldError> Check() => Checks.Parameters("parameters", Parameters).Concat(RefErrors());

    public StartRun Command(string operation, Actor by, string? traceParent) =>
        new(Parameters ?? ImmutableDictionary<string, string>.Empty, Ref, operation, by, traceParent);

    private IEnumerable<FieldError> RefErrors()
    {
        if (Ref is not null && (Ref.Length is 0 or > 255 || Ref[0] == '-' || Ref.Any(c => char.IsControl(c) || c == ' ')))
        {
            yield return new FieldError("ref", "Must be a branch, tag or commit of at most 255 characters; leave it out for the definition's.");
        }
    }
}

/// <summary>Approves a gate.</summary>
internal sealed record ApproveRequest(string? Comment, ImmutableDictionary<string, string>? Parameters) : IRequestBody
{
    public IEnumerable<FieldError> Check() =>
        Checks.Text("comment", Comment, RejectRequest.MaxComment).Concat(Checks.Parameters("parameters", Parameters));

    public DecideGate Command(string stage, Caller caller) =>
        new(stage, true, Comment ?? "", Parameters ?? ImmutableDictionary<string, string>.Empty, caller.Actor, caller.Scopes);
}

/// <summary>Rejects a gate.</summary>
internal sealed record RejectRequest(string? Comment) : IRequestBody
{
    /// <summary>Longest comment, in characters.</summary>
    public const int MaxComment = 2_000;

    public IEnumerable<FieldError> Check() => Checks.Text("comment", Comment, MaxComment);

    public DecideGate Command(string stage, Caller caller) =>
        new(stage, false, Comment ?? "", ImmutableDictionary<string, string>.Empty, caller.Actor, caller.Scopes);
}

/// <summary>Cancels a run.</summary>
internal sealed record CancelRequest(CancelMode? Mode) : IRequestBody
{
    public IEnumerable<FieldError> Check() => Mode == CancelMode.Invalid
        ? [new FieldError("mode", "Must be now, afterFinally or afterRunning; afterFinally when left out.")]
        : [];
}

/// <summary>Runs an ended run again.</summary>
internal sealed record RerunRequest(string? Stage, ImmutableDictionary<string, string>? Parameters, string? Ref) : IRequestBody
{
    public IEnumerable<FieldError> Check()
    {
        if (Stage is not null && !ResourceName.IsValid(Stage))
        {
            yield return new FieldError("stage", "Must be a stage's name; leave it out for the whole run.");
        }

        foreach (var error in new StartRunRequest(Parameters, Ref).Check())
        {
            yield return error;
        }
    }

    public Rerun Command(Actor by) => new(Stage, Parameters ?? ImmutableDictionary<string, string>.Empty, Ref, by);
}
