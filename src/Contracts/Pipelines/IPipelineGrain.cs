using System.Collections.Immutable;
using Control.Contracts.Retention;
using Control.Contracts.Triggers;
using Control.Contracts.Workspaces;

namespace Control.Contracts.Pipelines;

/// <summary>A pipeline as shown in lists and details; its definition is read by version.</summary>
/// <param name="Id">Workspace and name.</param>
/// <param name="Description">From the definition.</param>
/// <param name="DefinitionVersion">Number of the current definition, from 1.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When the current definition was put.</param>
/// <param name="UpdatedBy">Who put it.</param>
/// <param name="LastRun">Number of the newest run; 0 when there was none.</param>
/// <param name="Version">Counts changes; the ETag.</param>
/// <param name="Retention">Which ended runs are deleted; null for the workspace's policy.</param>
[GenerateSerializer, Immutable, Alias("control.pipeline-view")]
public sealed record PipelineView(
    [property: Id(0)] PipelineId Id,
    [property: Id(1)] string Description,
    [property: Id(2)] long DefinitionVersion,
    [property: Id(3)] DateTimeOffset CreatedAt,
    [property: Id(4)] DateTimeOffset UpdatedAt,
    [property: Id(5)] Actor UpdatedBy,
    [property: Id(6)] long LastRun,
    [property: Id(7)] long Version,
    [property: Id(8)] RetentionPolicy? Retention = null);

/// <summary>One stored definition, as submitted and as understood.</summary>
/// <param name="Number">From 1; never changes once stored.</param>
/// <param name="Text">The YAML or JSON as submitted.</param>
/// <param name="Spec">What it means.</param>
/// <param name="At">When it was put.</param>
/// <param name="By">Who put it.</param>
[GenerateSerializer, Immutable, Alias("control.pipeline-definition")]
public sealed record PipelineDefinition(
    [property: Id(0)] long Number,
    [property: Id(1)] string Text,
    [property: Id(2)] PipelineSpec Spec,
    [property: Id(3)] DateTimeOffset At,
    [property: Id(4)] Actor By);

/// <summary>Puts a definition: makes the pipeline or gives it a new version.</summary>
/// <param name="Text">YAML or JSON, up to 256 KiB.</param>
/// <param name="ExpectedVersion">The ETag the change is based on; null to put regardless.</param>
/// <param name="CreateOnly">Refuse when the pipeline is there.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.put-pipeline")]
public sealed record PutPipeline(
    [property: Id(0)] string Text,
    [property: Id(1)] long? ExpectedVersion,
    [property: Id(2)] bool CreateOnly,
    [property: Id(3)] Actor By);

/// <summary>Starts a run.</summary>
/// <param name="Parameters">Values by parameter name.</param>
/// <param name="Ref">Branch, tag or commit instead of the definition's; null to use that.</param>
/// <param name="OperationId">Same id, same run: a repeated start returns the run of the first. At most 128 characters.</param>
/// <param name="By">Who asks.</param>
/// <param name="TraceParent">W3C trace context of the request, which the run's spans continue; null without one.</param>
[GenerateSerializer, Immutable, Alias("control.start-run")]
public sealed record StartRun(
    [property: Id(0)] ImmutableDictionary<string, string> Parameters,
    [property: Id(1)] string? Ref,
    [property: Id(2)] string OperationId,
    [property: Id(3)] Actor By,
    [property: Id(4)] string? TraceParent);

/// <summary>The number a start was given.</summary>
[GenerateSerializer, Immutable, Alias("control.run-started")]
public sealed record RunStarted([property: Id(0)] RunId Run, [property: Id(1)] bool Repeated);

/// <summary>A pipeline: its definitions and the numbering of its runs. The key is a <see cref="PipelineId"/>.</summary>
[Alias("control.IPipelineGrain")]
public interface IPipelineGrain : IGrainWithStringKey
{
    /// <summary>Validates and stores a definition; every error at once in the refusal's fields.</summary>
    [Alias("Put")]
    Task<Outcome<PipelineView>> Put(PutPipeline command);

    /// <summary>Deletes the pipeline; refused while a run is not finished. Numbers go on if it is made again.</summary>
    [Alias("Delete")]
    Task<Outcome<Done>> Delete(long? expectedVersion, Actor by);

    /// <summary>Numbers and starts a run. When it returns, both the number and the run are committed.</summary>
    [Alias("Start"), Orleans.Concurrency.AlwaysInterleave]
    Task<Outcome<RunStarted>> Start(StartRun command);

    /// <summary>Sets a secret that only this pipeline's jobs see; limit 200 secrets of 64 KiB per pipeline.</summary>
    [Alias("PutSecret")]
    Task<Outcome<SecretView>> PutSecret(PutSecret command);

    /// <summary>Removes a secret; jobs that name it get the workspace's of that name, or fail with the reason where there is none.</summary>
    [Alias("DeleteSecret")]
    Task<Outcome<Done>> DeleteSecret(string name, Actor by);

    /// <summary>The sealed values of the named secrets of the pipeline itself; those that do not exist are left out.</summary>
    [Alias("GetSecrets")]
    Task<ImmutableArray<SealedSecret>> GetSecrets(ImmutableArray<string> names);

    /// <summary>The retention policy in force: its own, else the workspace's; null for none, and for a deleted pipeline.</summary>
    [Alias("GetRetention"), SafeToRetry, Orleans.Concurrency.AlwaysInterleave]
    Task<RetentionPolicy?> GetRetention();

    /// <summary>The triggers of the current definition; none of a deleted pipeline.</summary>
    [Alias("GetTriggers"), SafeToRetry, Orleans.Concurrency.AlwaysInterleave]
    Task<ImmutableArray<TriggerSpec>> GetTriggers();

    /// <summary>Makes runs that were numbered but may not have been made; harmless at any time.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();
}
