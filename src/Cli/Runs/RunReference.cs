using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Pipelines;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary>
/// How people name runs: <c>pipeline n</c>, <c>pipeline/n</c>, <c>workspace/pipeline n</c> or <c>workspace/pipeline/n</c>;
/// without a number the latest run is meant.
/// </summary>
internal sealed record RunReference(PipelineId Pipeline, long? Number)
{
    /// <summary>The first argument of commands about a run.</summary>
    public static Argument<string> RunArgument() =>
        new("pipeline") { Description = "PIPELINE, PIPELINE/NUMBER or WORKSPACE/PIPELINE/NUMBER.", HelpName = "pipeline[/number]" };

    /// <summary>The second one.</summary>
    public static Argument<string?> NumberArgument() =>
        new("number") { Description = "The run's number; the latest run without it.", Arity = ArgumentArity.ZeroOrOne };

    /// <exception cref="UsageException">The texts name no run.</exception>
    public static RunReference Parse(Call call, string text, string? number)
    {
        var parts = text.Split('/');
        if (number is not null)
        {
            return new RunReference(
                PipelineReference.Parse(call, text),
                ParseNumber(number) ?? throw new UsageException($"'{Texts.Clean(number)}' is not a run's number."));
        }

        return parts switch
        {
            [_, _, var last] when ParseNumber(last) is { } n => new RunReference(PipelineReference.Parse(call, $"{parts[0]}/{parts[1]}"), n),
            [var pipeline, var last] when ParseNumber(last) is { } n => new RunReference(PipelineReference.Parse(call, pipeline), n),
            _ => new RunReference(PipelineReference.Parse(call, text), null),
        };
    }

    /// <summary>The run meant, asking for the latest where no number was given.</summary>
    public async Task<RunId> ResolveAsync(Call call, CancellationToken cancellationToken)
    {
        if (Number is { } number)
        {
            return new RunId(Pipeline, number);
        }

        var pipeline = (await call.Client.GetPipelineAsync(Pipeline, cancellationToken)).Value;
        return pipeline.LastRun > 0
            ? new RunId(Pipeline, pipeline.LastRun)
            : throw new UsageException($"{Pipeline} has no run yet. Start one with: control run start {Pipeline}");
    }

    public static long? ParseNumber(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
}
