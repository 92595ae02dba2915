using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Runs;

namespace Control.Cli.Retention;

/// <summary><c>run keep</c> and <c>run unkeep</c>.</summary>
internal static class RunKeep
{
    public static Command CreateKeep(CommandFactory cli)
    {
        var (run, number) = (RunReference.RunArgument(), RunReference.NumberArgument());
        var reason = new Option<string?>("--reason") { Description = "Why, up to 1,000 characters.", HelpName = "text" };
        return cli.Action("keep", "Keep a run: no policy and nobody deletes it.", [run, number, reason], async (call, cancel) =>
        {
            var id = await RunReference.Parse(call, call.Get(run), call.Get(number)).ResolveAsync(call, cancel);
            var answer = await call.Client.KeepRunAsync(id, call.Get(reason) ?? "", cancel);
            call.Output.Value(answer, view => $"{view.Id}\n");
            return ExitCodes.Succeeded;
        });
    }

    public static Command CreateUnkeep(CommandFactory cli)
    {
        var (run, number) = (RunReference.RunArgument(), RunReference.NumberArgument());
        return cli.Action("unkeep", "Leave a run to the retention policy again.", [run, number], async (call, cancel) =>
        {
            var id = await RunReference.Parse(call, call.Get(run), call.Get(number)).ResolveAsync(call, cancel);
            call.Output.Value(await call.Client.UnkeepRunAsync(id, cancel), view => $"{view.Id}\n");
            return ExitCodes.Succeeded;
        });
    }
}
