using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Agents;

namespace Control.Cli.Agents;

/// <summary><c>control pool</c>: the jobs that demand the same labels.</summary>
internal static class PoolCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "pool", "Pools, the jobs that demand the same labels: hold them and let them go on.", List(cli), Hold(cli), Resume(cli));

    private static Argument<string> PoolArgument() =>
        new("labels") { Description = "The labels, joined by commas; '*' for jobs without any.", HelpName = "labels" };

    private static Command List(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("list", "List the pools that are held.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListPoolsAsync(page.Query(call), cancel), Pools(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Hold(CommandFactory cli)
    {
        var (pool, reason) = (PoolArgument(), ReasonOption());
        return cli.Action("hold", "Give no job with exactly these labels to an agent; what runs goes on.", [pool, reason], async (call, cancel) =>
        {
            Show(call, await call.Client.HoldPoolAsync(call.Get(pool), call.Get(reason) ?? "", cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Resume(CommandFactory cli)
    {
        var pool = PoolArgument();
        return cli.Action("resume", "Give a pool's jobs to agents again.", [pool], async (call, cancel) =>
        {
            Show(call, await call.Client.ResumePoolAsync(call.Get(pool), cancel));
            return ExitCodes.Succeeded;
        });
    }

    /// <summary>Why something is held.</summary>
    public static Option<string?> ReasonOption() => new("--reason") { Description = "Why, for those who wonder.", HelpName = "text" };

    private static void Show(Call call, Answer<PoolView> answer) => call.Output.Value(
        answer, view => $"{Texts.Clean(view.Key.Value)} {(view.Hold is null ? "goes on" : "is held")}\n");

    private static Table<PoolView> Pools(DateTimeOffset now) => new(
        ("LABELS", view => view.Key.Value),
        ("HELD", view => view.Hold is { } hold ? Texts.Ago(hold.At, now) : null),
        ("BY", view => view.Hold?.By.Name),
        ("REASON", view => view.Hold?.Reason));
}
