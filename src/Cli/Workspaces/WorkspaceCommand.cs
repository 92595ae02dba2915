using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Retention;
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
        Limit(cli),
        Retain(cli),
        Hold(cli),
        Resume(cli),
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

    private static Command Limit(CommandFactory cli)
    {
        var name = NameArgument();
        var running = new Option<int?>("--running-runs") { Description = "Runs at a time; further ones wait. Default: no limit.", HelpName = "n" };
        var queued = new Option<int?>("--queued-runs") { Description = "Runs that may wait for that; further starts are refused. Default: 10,000.", HelpName = "n" };
        var log = new Option<int?>("--log-mib") { Description = "Log of one attempt in MiB; more fails the job. Default: 64.", HelpName = "n" };
        return cli.Action("limit", "Set all limits of a workspace, for the runs that start from now on.", [name, running, queued, log], async (call, cancel) =>
        {
            var limits = new WorkspaceLimits(call.Get(running) ?? 0, call.Get(queued) ?? 0, (long)(call.Get(log) ?? 0) << 20);
            ShowOne(call, await call.Client.SetLimitsAsync(Call.CheckedName("workspace", call.Get(name)), limits, cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Retain(CommandFactory cli)
    {
        var (name, policy) = (NameArgument(), new PolicyOptions());
        var none = new Option<bool>("--none") { Description = "No policy: keep every run." };
        const string Description = "Set which ended runs are deleted, for pipelines without a policy of their own.";
        return cli.Action("retention", Description, [name, .. policy.All, none], async (call, cancel) =>
        {
            var (workspace, given) = (Call.CheckedName("workspace", call.Get(name)), policy.Policy(call));
            if (given is null != call.Get(none))
            {
                throw new UsageException("Give --keep, --age or both, or --none to keep every run.");
            }

            ShowOne(call, given is null
                ? await call.Client.UnsetRetentionAsync(workspace, cancel)
                : await call.Client.SetRetentionAsync(workspace, given, cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Hold(CommandFactory cli)
    {
        var (name, reason) = (NameArgument(), Agents.PoolCommand.ReasonOption());
        return cli.Action("hold", "Give no job of a workspace to an agent; what runs goes on.", [name, reason], async (call, cancel) =>
        {
            ShowOne(call, await call.Client.HoldWorkspaceAsync(Call.CheckedName("workspace", call.Get(name)), call.Get(reason) ?? "", cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Resume(CommandFactory cli)
    {
        var name = NameArgument();
        return cli.Action("resume", "Give a workspace's jobs to agents again.", [name], async (call, cancel) =>
        {
            ShowOne(call, await call.Client.ResumeWorkspaceAsync(Call.CheckedName("workspace", call.Get(name)), cancel));
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
        .Add("limits", view.Limits is { } limits ? Word(limits) : null)
        .Add("keeps", view.Retention is { } policy ? PolicyText.Of(policy) : null)
        .Add("held", view.Hold is { } hold ? $"{Texts.Ago(hold.At, call.Now)} by {hold.By.Name}{(hold.Reason.Length > 0 ? $": {hold.Reason}" : "")}" : null)
        .Add("version", view.Version.ToString(CultureInfo.InvariantCulture))
        .Render(call.Output.Color));

    private static string Word(WorkspaceLimits limits) => string.Join(", ", new[]
    {
        limits.RunningRuns > 0 ? $"{limits.RunningRuns} runs at a time" : null,
        limits.QueuedRuns > 0 ? $"{limits.QueuedRuns} waiting" : null,
        limits.LogBytes > 0 ? $"{limits.LogBytes >> 20} MiB of log" : null,
    }.OfType<string>());

    private static Table<WorkspaceView> Workspaces(DateTimeOffset now) => new(
        ("NAME", view => view.Name),
        ("CREATED", view => Texts.Ago(view.CreatedAt, now)),
        ("DESCRIPTION", view => view.Description));
}
