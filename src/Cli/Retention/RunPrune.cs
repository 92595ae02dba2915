using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Pipelines;
using Control.Contracts.Pipelines;
using Control.Contracts.Retention;

namespace Control.Cli.Retention;

/// <summary><c>run prune</c>.</summary>
internal static class RunPrune
{
    private const string NoPolicy = "no-retention";

    public static Command Create(CommandFactory cli)
    {
        var pipeline = new Argument<string?>("pipeline") { Description = "PIPELINE or WORKSPACE/PIPELINE.", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "All pipelines of the workspace, in place of one." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show which runs would go, and why." };
        var policy = new PolicyOptions();
        const string Description = "Delete the ended runs that a policy does not keep: the one given, else the one in force.";
        return cli.Action("prune", Description, [pipeline, .. policy.All, all, dryRun], async (call, cancel) =>
        {
            var prune = new Prune(call, policy.Policy(call), call.Get(dryRun), IsOfMany: call.Get(all));
            if (call.Get(pipeline) is null != prune.IsOfMany)
            {
                throw new UsageException("Name a pipeline, or give --all for all pipelines of the workspace.");
            }

            var gone = prune.IsOfMany ? await prune.Everywhere(cancel) : await prune.Of(PipelineReference.Parse(call, call.Get(pipeline)!), cancel);
            prune.Show(gone);
            return ExitCodes.Succeeded;
        });
    }

    private sealed record Gone(PrunedRun Run, RetentionPolicy Policy);

    private sealed record Prune(Call Call, RetentionPolicy? Policy, bool IsDryRun, bool IsOfMany)
    {
        public async Task<List<Gone>> Everywhere(CancellationToken cancellationToken)
        {
            var gone = new List<Gone>();
            var page = PageQuery.All;
            do
            {
                var pipelines = (await Call.Client.ListPipelinesAsync(Call.Workspace, page, cancellationToken)).Value;
                foreach (var pipeline in pipelines.Items)
                {
                    gone.AddRange(await Of(pipeline.Id, cancellationToken));
                }

                page = page with { Cursor = pipelines.NextCursor };
            }
            while (page.Cursor is not null);
            return gone;
        }

        public async Task<List<Gone>> Of(PipelineId pipeline, CancellationToken cancellationToken)
        {
            var gone = new List<Gone>();
            long? from = null;
            try
            {
                do
                {
                    var page = (await Call.Client.PruneRunsAsync(pipeline, Policy, IsDryRun, from, cancellationToken)).Value;
                    gone.AddRange(page.Runs.Select(run => new Gone(run, page.Policy)));
                    from = page.Next;
                }
                while (from is not null);
            }
            catch (ProblemException e) when (IsOfMany && e.Problem.Code is NoPolicy or "not-found")
            {
                // Others have one; or it was deleted meanwhile.
            }

            return gone;
        }

        public void Show(List<Gone> gone)
        {
            Call.Output.Local(
                new { dryRun = IsDryRun, runs = gone.Select(one => one.Run) },
                gone.Count == 0 ? "" : Table().Render(gone, Call.Output.Color));
            Call.Output.Note($"{(IsDryRun ? "Would delete" : "Deleted")} {gone.Count} run{(gone.Count == 1 ? "" : "s")}");
        }

        private Table<Gone> Table()
        {
            (string, Func<Gone, Cell>)[] columns =
            [
                ("RUN", one => $"{one.Run.Run.Pipeline.Name}/{one.Run.Run.Number}"),
                ("STATE", one => new Cell(Texts.Word(one.Run.State), Tones.Of(one.Run.State))),
                ("ENDED", one => Texts.Ago(one.Run.FinishedAt, Call.Now)),
                ("WHY", one => PolicyText.Why(one.Policy, one.Run.Rule)),
            ];
            return new Table<Gone>(IsDryRun ? [.. columns, ("LOG", Log)] : columns);
        }

        private static Cell Log(Gone one) => one.Run.LogBytes switch
        {
            < 1 << 10 => string.Create(CultureInfo.InvariantCulture, $"{one.Run.LogBytes} B"),
            < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{one.Run.LogBytes / 1024.0:0.0} KiB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{one.Run.LogBytes / (1024.0 * 1024):0.0} MiB"),
        };
    }
}
