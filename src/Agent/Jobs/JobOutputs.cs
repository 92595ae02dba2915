using Control.Contracts.Runs;
using Control.Engine.Logs;
using Control.Engine.Pipelines;

namespace Control.Agent.Jobs;

/// <summary>Turns what the steps wrote into declared outputs.</summary>
internal static class JobOutputs
{
    /// <summary>More than this in the file is refused; one byte more tells that there is more.</summary>
    public const int ReadLimit = PipelineLimits.OutputFileBytes + 1;

    /// <summary>A success with outputs, or why they cannot be taken.</summary>
    /// <param name="bytes">Of the outputs file; null when there is none.</param>
    /// <param name="declared">Keys that count.</param>
    /// <param name="secrets">Which outputs must not hold.</param>
    public static JobResult Take(byte[]? bytes, IReadOnlyList<string> declared, SecretSet secrets)
    {
        if (bytes is null)
        {
            return JobResult.Failure(Reasons.BadOutputs, "The outputs file is gone or is not a regular file. Append lines to $CONTROL_OUTPUT, do not replace it by something else.");
        }

        var parsed = OutputFile.Parse(bytes, [.. declared]);
        if (parsed.Error is { } error)
        {
            return JobResult.Failure(Reasons.BadOutputs, error);
        }

        var leak = parsed.Values.FirstOrDefault(output => secrets.Mask(output.Value) != output.Value);
        return leak.Key is null
            ? JobResult.Success with { Outputs = parsed.Values }
            : JobResult.Failure(Reasons.BadOutputs, $"The output {leak.Key} contains a secret, and outputs are stored and shown. Give the later job the secret itself.");
    }
}
