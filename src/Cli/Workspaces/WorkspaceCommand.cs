using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Workspaces;

namespace Control.Cli.Workspaces;

/// <summary><c>control workspace</c>.</summary>
internal static class WorkspaceCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "workspace",
        "Workspaces: they own pipelines and secrets.",
        List(cli),
        Make(cli),
        Get(cli),
        Update(cli),
        Delete(cli),
        Use(cli));

    private static Argument<string> NameArgument() => new("name") { Description = "The workspace." };

    private static Option<string?> DescriptionOption() =>
        new("--description", "-d") { Description = "What it is for, up to 1,000 characters.", HelpName = "text" };

    private static Command List(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("list", "List the workspaces you can see.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListWorkspacesAsync(page.Query(call), cancel), Workspaces(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Make(CommandFactory cli)
    {
        var (name, description) = (NameArgument(), DescriptionOption());
        return cli.Action("create", "Make a workspace.", [name, description], async (call, cancel) =>
        {
            var checkedName = Call.CheckedName("workspace", call.Get(name));
            var answer = await call.Client.CreateWorkspaceAsync(checkedName, call.Get(description) ?? "", cancel);
            call.Output.Value(answer, workspace => $"{workspace.Name}\n");
            return ExitCodes.Succeeded;
        });
    }

    private static Command Get(CommandFactory cli)
    {
        var name = NameArgument();
        return cli.Action("get", "Show a workspace.", [name], async (call, cancel) =>
        {
            ShowOne(call, await call.Client.GetWorkspaceAsync(Call.CheckedName("workspace", call.Get(name)), cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Update(CommandFactory cli)
    {
        var (name, description) = (NameArgument(), DescriptionOption());
        description.Required = true;
        var version = new Option<long?>("--if-version") { Description = "Only when it is still at this version.", HelpName = "n" };
        return cli.Action("update", "Change a workspace's description.", [name, description, version], async (call, cancel) =>
        {
            var checkedName = Call.CheckedName("workspace", call.Get(name));
            ShowOne(call, await call.Client.UpdateWorkspaceAsync(checkedName, call.Get(description)!, call.Get(version), cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Delete(CommandFactory cli)
    {
        var name = NameArgument();
        return cli.Action("delete", "Delete a workspace that has no pipelines, with its secrets.", [name], async (call, cancel) =>
        {
            var checkedName = Call.CheckedName("workspace", call.Get(name));
            await call.Client.DeleteWorkspaceAsync(checkedName, cancel);
            call.Output.Note($"Deleted workspace {checkedName}");
            return ExitCodes.Succeeded;
        });
    }

    private static Command Use(CommandFactory cli)
    {
        var name = NameArgument();
        return cli.Action("use", "Make a workspace the one meant when none is named.", [name], async (call, cancel) =>
        {
            var context = call.Connection.Context
                ?? throw new UsageException("The server in use has no context to remember this in. Log in first, or set CONTROL_WORKSPACE.");
            var workspace = (await call.Client.GetWorkspaceAsync(Call.CheckedName("workspace", call.Get(name)), cancel)).Value;
            var config = call.Config.Load();
            call.Config.Save(config.With(context with { Workspace = workspace.Name }) with { Current = config.Current });
            call.Output.Note($"Workspace {workspace.Name} is now the default of context {context.Name}");
            return ExitCodes.Succeeded;
        });
    }

    private static void ShowOne(Call call, Answer<WorkspaceView> answer) => call.Output.Value(answer, view => new Details()
        .Add("name", view.Name)
        .Add("description", view.Description)
        .Add("created", $"{Texts.Ago(view.CreatedAt, call.Now)} by {view.CreatedBy.Name}")
        .Add("version", view.Version.ToString(CultureInfo.InvariantCulture))
        .Render(call.Output.Color));

    private static Table<WorkspaceView> Workspaces(DateTimeOffset now) => new(
        ("NAME", view => view.Name),
        ("CREATED", view => Texts.Ago(view.CreatedAt, now)),
        ("DESCRIPTION", view => view.Description));
}
