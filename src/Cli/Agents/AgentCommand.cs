using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Hosting;
using Control.Cli.Output;
using Control.Contracts.Agents;

namespace Control.Cli.Agents;

/// <summary><c>control agent</c>: what an administrator does with agents.</summary>
internal static class AgentCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "agent", "Build agents: run one, list and remove them, let new ones join.", AgentRunCommand.Create(cli), List(cli), Get(cli), Remove(cli), JoinToken(cli));

    private static Argument<string> IdArgument() => new("id") { Description = "The agent's id, as 'control agent list' shows it." };

    private static AgentId Parse(string text) => new(Call.CheckedName("agent", text));

    private static Command List(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("list", "List the build agents.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListAgentsAsync(page.Query(call), cancel), Agents(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Get(CommandFactory cli)
    {
        var id = IdArgument();
        return cli.Action("get", "Show a build agent.", [id], async (call, cancel) =>
        {
            var answer = await call.Client.GetAgentAsync(Parse(call.Get(id)), cancel);
            call.Output.Value(answer, view => Describe(call, view));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Remove(CommandFactory cli)
    {
        var id = IdArgument();
        return cli.Action("remove", "Remove a build agent; what it runs is lost.", [id], async (call, cancel) =>
        {
            var agent = Parse(call.Get(id));
            await call.Client.RemoveAgentAsync(agent, cancel);
            call.Output.Note($"Removed agent {agent}");
            return ExitCodes.Succeeded;
        });
    }

    private static Command JoinToken(CommandFactory cli)
    {
        var expires = new Option<string>("--expires")
        {
            Description = "How long it is good for, up to 24h.",
            HelpName = "duration",
            DefaultValueFactory = _ => "1h",
        };
        return cli.Action("join-token", "Make a token that lets one agent join; prints it.", [expires], async (call, cancel) =>
        {
            var answer = await call.Client.CreateJoinTokenAsync(Inputs.Duration(call.Get(expires)!), cancel);
            call.Output.Note($"Shown only now, good for one agent, expires {Texts.Ago(answer.Value.ExpiresAt, call.Now)}:");
            call.Output.Value(answer, created => $"{Texts.Clean(created.Token)}\n");
            return ExitCodes.Succeeded;
        });
    }

    private static string Describe(Call call, AgentView view) => new Details()
        .Add("id", view.Id.Value)
        .Add("name", view.Name)
        .Add("state", new Cell(Texts.Word(view.State), Tones.Of(view.State)))
        .Add("labels", string.Join(", ", view.Labels))
        .Add("jobs", $"{view.Running} of {view.Capacity}")
        .Add("software", view.SoftwareVersion)
        .Add("joined", Texts.Ago(view.JoinedAt, call.Now))
        .Add("last change", Texts.Ago(view.LastSeenAt, call.Now))
        .Render(call.Output.Color);

    private static Table<AgentView> Agents(DateTimeOffset now) => new(
        ("ID", view => view.Id.Value),
        ("NAME", view => view.Name),
        ("STATE", view => new Cell(Texts.Word(view.State), Tones.Of(view.State))),
        ("JOBS", view => $"{view.Running}/{view.Capacity}"),
        ("LABELS", view => string.Join(",", view.Labels)),
        ("JOINED", view => Texts.Ago(view.JoinedAt, now)),
        ("SOFTWARE", view => view.SoftwareVersion));
}
