using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Pipelines;

namespace Control.Cli.Runs;

/// <summary><c>run start</c> and <c>run watch</c>.</summary>
internal static class RunStart
{
    public static Option<string[]> ParameterOption() => new("--param", "-p")
    {
        Description = "A parameter's value; repeat for more.",
        HelpName = "KEY=VALUE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public static Command Create(CommandFactory cli)
    {
        var pipeline = new Argument<string>("pipeline") { Description = "PIPELINE or WORKSPACE/PIPELINE." };
        var parameters = ParameterOption();
        var reference = new Option<string?>("--ref") { Description = "Branch, tag or commit instead of the definition's.", HelpName = "ref" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Show the run until it is over and exit with its result." };
        return cli.Action("start", "Start a run; prints its id.", [pipeline, parameters, reference, follow], async (call, cancel) =>
        {
            var id = PipelineReference.Parse(call, call.Get(pipeline));
            var answer = await call.Client.StartRunAsync(id, Inputs.Pairs(call.Get(parameters)), call.Get(reference), cancel);
            if (call.Get(follow))
            {
                call.Output.Note($"Started {answer.Value.Id}");
                return await new RunFollower(call, answer.Value.Id).FollowAsync(cancel);
            }

            call.Output.Value(answer, run => $"{run.Id}\n");
            return ExitCodes.Succeeded;
        });
    }

    public static Command CreateWatch(CommandFactory cli)
    {
        var (run, number) = (RunReference.RunArgument(), RunReference.NumberArgument());
        return cli.Action("watch", "Show a run until it is over and exit with its result.", [run, number], async (call, cancel) =>
        {
            var id = await RunReference.Parse(call, call.Get(run), call.Get(number)).ResolveAsync(call, cancel);
            return await new RunFollower(call, id).FollowAsync(cancel);
        });
    }
}
