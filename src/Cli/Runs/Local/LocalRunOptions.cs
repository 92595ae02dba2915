using System.Collections.Immutable;
using Control.Agent.Local;
using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Cli.Runs.Local;

/// <summary>Takes a piece of an attempt's log.</summary>
internal delegate void LocalLog(AttemptId attempt, ReadOnlySpan<byte> bytes);

/// <summary>What a run without a server needs.</summary>
internal sealed record LocalRunOptions
{
    /// <summary>How the run is called in its environment.</summary>
    public required RunId Id { get; init; }

    /// <summary>The definition.</summary>
    public required PipelineSpec Spec { get; init; }

    /// <summary>Who runs it.</summary>
    public required Actor By { get; init; }

    /// <summary>Bound values, defaults included.</summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Null takes what the definition names.</summary>
    public string? Ref { get; init; }

    /// <summary>Where the files come from; needed when the definition has a source.</summary>
    public LocalSource? Source { get; init; }

    /// <summary>Values of the secrets.</summary>
    public LocalSecrets Secrets { get; init; } = new();

    /// <summary>What jobs may demand; others wait. Null takes all jobs, whatever they demand.</summary>
    public IReadOnlySet<string>? Labels { get; init; }

    /// <summary>Jobs at a time.</summary>
    public int Capacity { get; init; } = Environment.ProcessorCount;

    /// <summary>Told of every event, one at a time and in order; it must not wait for the run.</summary>
    public Action<EventView> OnEvent { get; init; } = _ => { };

    /// <summary>Told of every piece of log; see <see cref="ILocalRun.Log"/>.</summary>
    public LocalLog OnLog { get; init; } = (_, _) => { };
}
