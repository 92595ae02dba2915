using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Pipelines;

namespace Control.Cli.Pipelines;

/// <summary>How people name pipelines: <c>pipeline</c> or <c>workspace/pipeline</c>.</summary>
internal static class PipelineReference
{
    public static PipelineId Parse(Call call, string text) => text.Split('/') switch
    {
        [var pipeline] => new PipelineId(call.Workspace, Call.CheckedName("pipeline", pipeline)),
        [var workspace, var pipeline] => new PipelineId(Call.CheckedName("workspace", workspace), Call.CheckedName("pipeline", pipeline)),
        _ => throw new UsageException($"'{Texts.Clean(text)}' is not a pipeline: write PIPELINE or WORKSPACE/PIPELINE."),
    };
}
