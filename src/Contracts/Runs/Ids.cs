using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Control.Contracts.Runs;

/// <summary>A run's id: <c>workspace/pipeline/number</c>.</summary>
/// <param name="Pipeline">The pipeline it is a run of.</param>
/// <param name="Number">From 1, without gaps a user could see as loss.</param>
[GenerateSerializer, Immutable, Alias("control.run-id"), JsonConverter(typeof(IdJsonConverter<RunId>))]
public readonly record struct RunId([property: Id(0)] PipelineId Pipeline, [property: Id(1)] long Number) : IParsable<RunId>
{
    /// <inheritdoc/>
    public static RunId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is not workspace/pipeline/number.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out RunId result)
    {
        result = default;
        var slash = s?.LastIndexOf('/') ?? -1;
        if (slash < 0
            || !PipelineId.TryParse(s![..slash], provider, out var pipeline)
            || !long.TryParse(s.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number < 1)
        {
            return false;
        }

        result = new RunId(pipeline, number);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Pipeline}/{Number}");
}

/// <summary>A job within a run: <c>stage.job</c>.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Job">The job's name.</param>
[GenerateSerializer, Immutable, Alias("control.job-key"), JsonConverter(typeof(IdJsonConverter<JobKey>))]
public readonly record struct JobKey([property: Id(0)] string Stage, [property: Id(1)] string Job) : IParsable<JobKey>
{
    /// <inheritdoc/>
    public static JobKey Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var key) ? key : throw new FormatException($"'{s}' is not stage.job.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out JobKey result)
    {
        result = default;
        if (s?.Split('.') is not [var stage, var job] || !ResourceName.IsValid(stage) || !ResourceName.IsValid(job))
        {
            return false;
        }

        result = new JobKey(stage, job);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Stage}.{Job}";
}

/// <summary>One try at a job: <c>workspace/pipeline/number/stage.job/attempt</c>.</summary>
/// <param name="Run">The run.</param>
/// <param name="Job">The job in it.</param>
/// <param name="Number">From 1.</param>
[GenerateSerializer, Immutable, Alias("control.attempt-id"), JsonConverter(typeof(IdJsonConverter<AttemptId>))]
public readonly record struct AttemptId([property: Id(0)] RunId Run, [property: Id(1)] JobKey Job, [property: Id(2)] int Number)
    : IParsable<AttemptId>
{
    /// <summary>The id within its run: <c>stage.job/attempt</c>; the child row's key.</summary>
    public string LocalKey => string.Create(CultureInfo.InvariantCulture, $"{Job}/{Number}");

    /// <inheritdoc/>
    public static AttemptId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is not workspace/pipeline/number/stage.job/attempt.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out AttemptId result)
    {
        result = default;
        if (s?.Split('/') is not [var workspace, var pipeline, var run, var job, var attempt]
            || !RunId.TryParse($"{workspace}/{pipeline}/{run}", provider, out var runId)
            || !JobKey.TryParse(job, provider, out var jobKey)
            || !int.TryParse(attempt, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number < 1)
        {
            return false;
        }

        result = new AttemptId(runId, jobKey, number);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Run}/{LocalKey}";
}
