using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Groups;

namespace Control.Cli.Groups;

/// <summary><c>control group</c>.</summary>
internal static class GroupCommand
{
    public static Command Create(CommandFactory cli) =>
        CommandFactory.Group("group", "Concurrency groups: who has their places and who waits.", List(cli), Get(cli));

    private static Command List(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("list", "List the concurrency groups of the workspace that are in use.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListGroupsAsync(call.Workspace, page.Query(call), cancel), Groups);
            return ExitCodes.Succeeded;
        });
    }

    private static Command Get(CommandFactory cli)
    {
        var name = new Argument<string>("name") { Description = "The group; one that is divided by a value as NAME:VALUE." };
        return cli.Action("get", "Show who has places in a concurrency group and who waits for one.", [name], async (call, cancel) =>
        {
            if (!GroupId.TryParse($"{call.Workspace}/{call.Get(name)}", null, out var group))
            {
                throw new UsageException($"'{Texts.Clean(call.Get(name))}' is not a group. Write its name, or NAME:VALUE.");
            }

            var answer = await call.Client.GetGroupAsync(group, cancel);
            call.Output.Value(answer, view => Claims(call.Now).Render([.. view.Holders, .. view.Waiters], call.Output.Color) + More(view));
            return ExitCodes.Succeeded;
        });
    }

    private static string More(GroupView view)
    {
        var hidden = view.Holding - view.Holders.Length + view.Waiting - view.Waiters.Length;
        return hidden == 0 ? "" : $"… and {hidden} more: {view.Holding} have a place, {view.Waiting} wait.\n";
    }

    private static Table<GroupView> Groups { get; } = new(
        ("GROUP", view => view.Id.LocalName),
        ("HOLDING", view => view.Holding.ToString(CultureInfo.InvariantCulture)),
        ("WAITING", view => view.Waiting.ToString(CultureInfo.InvariantCulture)),
        ("HOLDER", view => view.Holders.IsDefaultOrEmpty ? null : Name(view.Holders[0])));

    private static Table<ClaimView> Claims(DateTimeOffset now) => new(
        ("RUN", Name),
        ("STATE", claim => State(claim)),
        ("SINCE", claim => Texts.Ago(claim.GrantedAt ?? claim.ClaimedAt, now)),
        ("LIMIT", claim => claim.Limit.ToString(CultureInfo.InvariantCulture)),
        ("ON LIMIT", claim => Texts.Word(claim.Overflow)));

    private static Cell State(ClaimView claim) => claim switch
    {
        { IsSuperseded: true } => new Cell("cancelled", Tone.Faint),
        { GrantedAt: null } => new Cell("waits", Tone.Asks),
        _ => new Cell("has a place", Tone.Busy),
    };

    private static Cell Name(ClaimView claim) => $"{claim.Run.Pipeline.Name}/{claim.Run.Number}{(claim.Part.Length == 0 ? "" : $" {claim.Part}")}";
}
