using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary><c>run approve</c>, <c>reject</c>, <c>cancel</c>, <c>retry</c> and <c>rerun</c>.</summary>
internal static class RunDecide
{
    public static Command CreateApprove(CommandFactory cli)
    {
        var parameters = RunStart.ParameterOption();
        return Gate(cli, "approve", "Approve the gate that a run waits at.", [parameters], (call, run, stage, comment, cancel) =>
            call.Client.ApproveAsync(run, stage, comment, Inputs.Pairs(call.Get(parameters)), cancel));
    }

    public static Command CreateReject(CommandFactory cli) =>
        Gate(cli, "reject", "Reject the gate that a run waits at; the run fails.", [], (call, run, stage, comment, cancel) =>
            call.Client.RejectAsync(run, stage, comment, cancel));

    public static Command CreateCancel(CommandFactory cli)
    {
        var mode = new Option<CancelMode?>("--mode")
        {
            Description = "now: stop everything; afterFinally: stop the running jobs, then run 'finally'; afterRunning: let the running jobs end first.",
        }.OneOf();
        return Simple(cli, "cancel", "Cancel a run.", [mode], (call, run, cancel) =>
            call.Client.CancelRunAsync(run, call.Get(mode) ?? CancelMode.AfterFinally, cancel));
    }

    public static Command CreateRetry(CommandFactory cli) =>
        Simple(cli, "retry", "Run a run's jobs again that did not succeed.", [], (call, run, cancel) => call.Client.RetryRunAsync(run, cancel));

    public static Command CreateRerun(CommandFactory cli)
    {
        var stage = new Option<string?>("--from") { Description = "The stage to begin with; the whole run without it.", HelpName = "stage" };
        var parameters = RunStart.ParameterOption();
        var reference = new Option<string?>("--ref") { Description = "Look this branch, tag or commit up anew; without it the commit stays.", HelpName = "ref" };
        return Simple(cli, "rerun", "Run an ended run again, also with other parameters or another commit.", [stage, parameters, reference], (call, run, cancel) =>
            call.Client.RerunAsync(run, call.Get(stage), Inputs.Pairs(call.Get(parameters)), call.Get(reference), cancel));
    }

    private static Command Simple(
        CommandFactory cli,
        string name,
        string description,
        IEnumerable<Option> options,
        Func<Call, RunId, CancellationToken, Task<Answer<RunView>>> act)
    {
        var (run, number) = (RunReference.RunArgument(), RunReference.NumberArgument());
        return cli.Action(name, description, [run, number, .. options], async (call, cancel) =>
        {
            var id = await RunReference.Parse(call, call.Get(run), call.Get(number)).ResolveAsync(call, cancel);
            ShowState(call, await act(call, id, cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Gate(
        CommandFactory cli,
        string name,
        string description,
        IEnumerable<Option> options,
        Func<Call, RunId, string, string, CancellationToken, Task<Answer<RunView>>> decide)
    {
        var (run, number) = (RunReference.RunArgument(), RunReference.NumberArgument());
        var stage = new Argument<string?>("stage")
        {
            Description = "The stage; without it the one the run waits at.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var comment = new Option<string?>("--message", "-m") { Description = "Recorded with the decision.", HelpName = "comment" };
        return cli.Action(name, description, [run, number, stage, comment, .. options], async (call, cancel) =>
        {
            var (second, third) = (call.Get(number), call.Get(stage));
            if (second is not null && third is null && RunReference.ParseNumber(second) is null)
            {
                (second, third) = (null, second); // PIPELINE/NUMBER STAGE
            }

            var id = await RunReference.Parse(call, call.Get(run), second).ResolveAsync(call, cancel);
            var name = third ?? await WaitingStageAsync(call, id, cancel);
            ShowState(call, await decide(call, id, name, call.Get(comment) ?? "", cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static async Task<string> WaitingStageAsync(Call call, RunId id, CancellationToken cancellationToken)
    {
        var run = (await call.Client.GetRunAsync(id, cancellationToken)).Value;
        return run.Stages.FirstOrDefault(stage => stage.State == StageState.Waiting)?.Name
            ?? throw new UsageException($"{id} waits at no gate; it is {Output.Texts.Word(run.State)}.");
    }

    private static void ShowState(Call call, Answer<RunView> answer) =>
        call.Output.Value(answer, run => $"{run.Id} {Output.Texts.Word(run.State)}\n");
}
