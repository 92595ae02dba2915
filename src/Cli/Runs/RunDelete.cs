using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Pipelines;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary><c>run delete</c>.</summary>
internal static class RunDelete
{
    public static Command Create(CommandFactory cli)
    {
        var pipeline = new Argument<string>("pipeline") { Description = "PIPELINE or WORKSPACE/PIPELINE." };
        var numbers = new Argument<string[]>("number") { Description = "The runs' numbers.", Arity = ArgumentArity.OneOrMore };
        return cli.Action("delete", "Delete runs that have ended, with their logs, for good.", [pipeline, numbers], async (call, cancel) =>
        {
            var id = PipelineReference.Parse(call, call.Get(pipeline));
            // All are checked before the first is deleted.
            foreach (var run in call.Get(numbers).Select(Number).Distinct().Select(number => new RunId(id, number)).ToList())
            {
                await call.Client.DeleteRunAsync(run, cancel);
                call.Output.Note($"Deleted run {run}");
            }

            return ExitCodes.Succeeded;
        });
    }

    private static long Number(string text) => RunReference.ParseNumber(text)
        ?? throw new UsageException($"'{Texts.Clean(text)}' is not a run's number.");
}
