using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Pipelines;
using Control.Cli.Retention;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary><c>control run</c>.</summary>
internal static class RunCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "run",
        "Runs: start, watch, decide and inspect them.",
        RunStart.Create(cli),
        List(cli),
        Get(cli),
        RunStart.CreateWatch(cli),
        RunLogs.Create(cli),
        RunDecide.CreateCancel(cli),
        RunDecide.CreateRetry(cli),
        RunDecide.CreateRerun(cli),
        RunDecide.CreateApprove(cli),
        RunDecide.CreateReject(cli),
        RunKeep.CreateKeep(cli),
        RunKeep.CreateUnkeep(cli),
        RunPrune.Create(cli),
        RunDelete.Create(cli));

    private static Command List(CommandFactory cli)
    {
        var pipeline = new Argument<string?>("pipeline")
        {
            Description = "PIPELINE or WORKSPACE/PIPELINE; without it the runs of the workspace.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var state = new Option<RunState?>("--state") { Description = "Only runs in this state." }.OneOf();
        var page = new PageOptions();
        return cli.Action("list", "List runs, newest first.", [pipeline, state, page.Limit, page.Cursor], async (call, cancel) =>
        {
            var query = page.Query(call, call.Get(state) is { } value ? Texts.Word(value) : null);
            var answer = call.Get(pipeline) is { } text
                ? await call.Client.ListRunsAsync(PipelineReference.Parse(call, text), query, cancel)
                : await call.Client.ListRunsAsync(call.Workspace, query, cancel);
            call.Output.Page(answer, Runs(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Get(CommandFactory cli)
    {
        var (run, number) = (RunReference.RunArgument(), RunReference.NumberArgument());
        return cli.Action("get", "Show a run with its stages and jobs.", [run, number], async (call, cancel) =>
        {
            var id = await RunReference.Parse(call, call.Get(run), call.Get(number)).ResolveAsync(call, cancel);
            var answer = await call.Client.GetRunAsync(id, cancel);
            var attempts = call.Output.IsText ? await call.Client.GetAttemptsAsync(id, cancel) : [];
            call.Output.Value(answer, view => Describe(call, view, attempts));
            return ExitCodes.Succeeded;
        });
    }

    private static Table<RunView> Runs(DateTimeOffset now) => new(
        ("RUN", run => $"{run.Id.Pipeline.Name}/{run.Id.Number}"),
        ("STATE", run => new Cell(Texts.Word(run.State), Tones.Of(run.State))),
        ("STARTED", run => Texts.Ago(run.CreatedAt, now)),
        ("DURATION", run => Texts.Duration((run.FinishedAt ?? now) - (run.StartedAt ?? run.CreatedAt))),
        ("BY", run => run.StartedBy.Name),
        ("REF", run => run.Ref),
        ("REASON", run => run.Reason));

    private static string Describe(Call call, RunView run, IReadOnlyList<AttemptView> attempts)
    {
        var tree = string.Join('\n', RunTree.Render(run, attempts, call.Now, call.Output.Color));
        var details = new Details()
            .Add("started", Texts.Ago(run.CreatedAt, call.Now))
            .Add("definition", $"version {run.DefinitionVersion}")
            .Add("repository", run.Repository)
            .Add("ref", run.Ref)
            .Add("commit", run.Commit)
            .Add("kept", run.Kept is { } kept ? $"{Texts.Ago(kept.At, call.Now)} by {kept.By.Name}{(kept.Reason.Length > 0 ? $": {kept.Reason}" : "")}" : null)
            .Add("parameters", string.Join(", ", run.Parameters.Select(pair => $"{pair.Key}={pair.Value}")));
        foreach (var round in run.Earlier)
        {
            details.Add($"round {round.Number}", $"{round.Cause} by {round.By.Name}, {Texts.Word(round.State)}{(round.Reason is null ? "" : $" {round.Reason}")}");
        }

        return $"{tree}\n\n{details.Render(call.Output.Color)}";
    }
}
