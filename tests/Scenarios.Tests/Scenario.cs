using System.Text.Json;
using System.Text.Json.Serialization;
using Control.Contracts;
using Control.Contracts.Retention;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;

namespace Control.Scenarios.Tests;

/// <summary>What <c>expected.json</c> of a scenario says: what is done, and what must come of it.</summary>
internal sealed record Scenario
{
    private static readonly JsonSerializerOptions Json = new(ContractJson.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>What it shows, for the reader of the folder.</summary>
    public required string About { get; init; }

    /// <summary>Secrets of the workspace by name.</summary>
    public Dictionary<string, Secret> Secrets { get; init; } = [];

    /// <summary>Secrets of the pipeline by name.</summary>
    public Dictionary<string, Secret> PipelineSecrets { get; init; } = [];

    /// <summary>Limits of the workspace.</summary>
    public Limits? Limits { get; init; }

    /// <summary>How the run is started.</summary>
    public Start Start { get; init; } = new();

    /// <summary>Set when the start, or already the definition, is to be refused; nothing else is looked at then.</summary>
    public Refused? Refused { get; init; }

    /// <summary>Taken in this order, each when its moment comes.</summary>
    public List<Act> Actions { get; init; } = [];

    /// <summary>The run is deleted in the end, and nothing of it can be read any more.</summary>
    public bool Gone { get; init; }

    /// <summary>For a run that is gone: numbers of the pipeline's runs that are left.</summary>
    public List<long> Left { get; init; } = [];

    /// <summary>How the run is to end.</summary>
    public End? Run { get; init; }

    /// <summary>How each stage is to end, by name, in order.</summary>
    public Dictionary<string, StageState> Stages { get; init; } = [];

    /// <summary>Jobs that were skipped, by <c>stage.job</c>, with a part of the reason.</summary>
    public Dictionary<string, string> Skipped { get; init; } = [];

    /// <summary>All attempts by <c>stage.job/number</c>; another one fails the scenario.</summary>
    public Dictionary<string, Attempt> Attempts { get; init; } = [];

    public static Scenario Parse(string text) =>
        JsonSerializer.Deserialize<Scenario>(text, Json) ?? throw new JsonException("The scenario is null.");
}

internal sealed record Secret(SecretKind Kind, string? Text = null, string? User = null, string? Password = null);

internal sealed record Limits(int RunningRuns = 0, int QueuedRuns = 0, long LogBytes = 0);

internal sealed record Start
{
    public Dictionary<string, string> Parameters { get; init; } = [];

    public string? Ref { get; init; }
}

/// <summary>A refusal: its code and the fields it names.</summary>
internal sealed record Refused(string Code, List<string> Fields);

/// <summary>Something a person does during the run.</summary>
internal sealed record Act
{
    public required Moment When { get; init; }

    public required Deed Do { get; init; }

    /// <summary>The gate's stage, or the one to re-run from.</summary>
    public string Stage { get; init; } = "";

    public string Comment { get; init; } = "";

    public Dictionary<string, string> Parameters { get; init; } = [];

    /// <summary>Name of somebody else who does it, and may approve and run; the administrator without one.</summary>
    public string? As { get; init; }

    /// <summary>For a start: how that other run of the pipeline is to end; it is waited for.</summary>
    public End? Other { get; init; }

    /// <summary>For a start: the state that the other run is to reach first, where its end is not waited for.</summary>
    public RunState? Until { get; init; }

    /// <summary>For a re-run: looked up anew.</summary>
    public string? Ref { get; init; }

    public CancelMode Mode { get; init; } = CancelMode.AfterFinally;

    /// <summary>For a prune.</summary>
    public Prune? Prune { get; init; }

    /// <summary>Numbers of runs that retention is to delete by itself then; this is waited for.</summary>
    public List<long> Pruned { get; init; } = [];

    /// <summary>A file that is made once it is done: what a job waits for.</summary>
    public string? Touch { get; init; }

    /// <summary>Set when this is to be refused.</summary>
    public Refused? Refused { get; init; }
}

internal enum Deed
{
    Invalid,
    Approve,
    Reject,
    Cancel,
    Retry,
    Rerun,
    Start,
    Delete,
    DeletePipeline,
    Keep,
    Unkeep,
    Prune,
}

/// <summary>A prune and what is to come of it.</summary>
internal sealed record Prune
{
    /// <summary>How many to keep; null for the policy in force.</summary>
    public int? Keep { get; init; }

    public int KeepSucceeded { get; init; } = 1;

    public bool DryRun { get; init; }

    /// <summary>The runs that go by number, with the rule.</summary>
    public SortedDictionary<string, PruneRule> Runs { get; init; } = [];
}

/// <summary>A moment of a run: what an event says and, of a running attempt, what its log must say then.</summary>
internal sealed record Moment
{
    public RunState? Run { get; init; }

    public string? Stage { get; init; }

    public StageState? StageState { get; init; }

    public string? Attempt { get; init; }

    public AttemptState? AttemptState { get; init; }

    public string? Log { get; init; }
}

internal sealed record End(RunState State, string? Reason = null, string? Message = null, string? Commit = null);

internal sealed record Attempt
{
    public required AttemptState State { get; init; }

    public string? Reason { get; init; }

    /// <summary>Of the step that failed; success needs no mention of its 0.</summary>
    public int? ExitCode { get; init; }

    internal int? EffectiveExitCode => ExitCode ?? (State == AttemptState.Succeeded ? 0 : null);

    public string Cause { get; init; } = "stage";

    public SortedDictionary<string, string> Outputs { get; init; } = [];

    /// <summary>Texts that the log must have.</summary>
    public List<string> Log { get; init; } = [];

    /// <summary>Texts that the log must not have.</summary>
    public List<string> NotInLog { get; init; } = [];
}
