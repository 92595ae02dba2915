using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary><c>run logs</c>.</summary>
internal static class RunLogs
{
    public static Command Create(CommandFactory cli)
    {
        var (run, number) = (RunReference.RunArgument(), RunReference.NumberArgument());
        var job = new Option<string?>("--job", "-j") { Description = "Only this job's log, byte for byte.", HelpName = "stage.job" };
        var attempt = new Option<int?>("--attempt") { Description = "The attempt at the job; the newest without it.", HelpName = "n" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on until the log is complete." };
        return cli.Action("logs", "Show what a run's jobs logged.", [run, number, job, attempt, follow], async (call, cancel) =>
        {
            var id = await RunReference.Parse(call, call.Get(run), call.Get(number)).ResolveAsync(call, cancel);
            var reader = new LogPrinter(call, id, call.Get(follow));
            if (call.Get(job) is { } text)
            {
                await reader.PrintJobAsync(ParseJob(text), call.Get(attempt), cancel);
            }
            else
            {
                await reader.PrintAllAsync(cancel);
            }

            return ExitCodes.Succeeded;
        });
    }

    private static JobKey ParseJob(string text) => JobKey.TryParse(text, null, out var key)
        ? key
        : throw new UsageException($"'{Output.Texts.Clean(text)}' is not a job: write STAGE.JOB, as 'control run get' names them.");
}
