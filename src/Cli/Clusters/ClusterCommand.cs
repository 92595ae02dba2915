using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Clusters;

namespace Control.Cli.Clusters;

/// <summary><c>control cluster</c>.</summary>
internal static class ClusterCommand
{
    // As much as the server takes.
    private const int MaxKubeconfig = 1 << 20;

    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "cluster",
        "Kubernetes clusters: add them, see how they are.",
        List(cli),
        Add(cli),
        Get(cli),
        Check(cli),
        Update(cli),
        Access(cli),
        Delete(cli));

    private static Argument<string> NameArgument() => new("name") { Description = "The cluster." };

    private static Option<string?> DescriptionOption() =>
        new("--description", "-d") { Description = "What it is for, up to 1,000 characters.", HelpName = "text" };

    private static Option<string> FileOption() => new("--kubeconfig", "-f")
    {
        Description = "How to reach it, with all data inside, as 'kubectl config view --minify --flatten --raw' prints it; - for standard input.",
        HelpName = "file",
        Required = true,
    };

    private static Option<string?> ContextOption() =>
        new("--context") { Description = "Which context of the kubeconfig. Default: its current one.", HelpName = "name" };

    private static string Checked(Call call, Argument<string> name) => Call.CheckedName("cluster", call.Get(name));

    private static Command List(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("list", "List the clusters.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListClustersAsync(page.Query(call), cancel), Clusters(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Add(CommandFactory cli)
    {
        var (name, description, file, context) = (NameArgument(), DescriptionOption(), FileOption(), ContextOption());
        return cli.Action("add", "Add a cluster by a kubeconfig, and ask it.", [name, file, context, description], async (call, cancel) =>
        {
            var cluster = Checked(call, name);
            await call.Client.CreateClusterAsync(cluster, call.Get(description) ?? "", Read(call, file), call.Get(context), cancel);
            return ShowAnswered(call, await call.Client.CheckClusterAsync(cluster, cancel));
        });
    }

    private static Command Get(CommandFactory cli)
    {
        var name = NameArgument();
        return cli.Action("get", "Show a cluster.", [name], async (call, cancel) =>
        {
            Show(call, await call.Client.GetClusterAsync(Checked(call, name), cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Check(CommandFactory cli)
    {
        var name = NameArgument();
        return cli.Action("check", "Ask a cluster now; fails when it is disconnected.", [name], async (call, cancel) =>
            ShowAnswered(call, await call.Client.CheckClusterAsync(Checked(call, name), cancel)));
    }

    private static Command Update(CommandFactory cli)
    {
        var (name, description) = (NameArgument(), DescriptionOption());
        description.Required = true;
        var version = new Option<long?>("--if-version") { Description = "Only when it is still at this version.", HelpName = "n" };
        return cli.Action("update", "Change a cluster's description.", [name, description, version], async (call, cancel) =>
        {
            Show(call, await call.Client.UpdateClusterAsync(Checked(call, name), call.Get(description)!, call.Get(version), cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Access(CommandFactory cli)
    {
        var (name, file, context) = (NameArgument(), FileOption(), ContextOption());
        const string Description = "Reach a cluster by another kubeconfig from now on, such as one with a new credential, and ask it.";
        return cli.Action("access", Description, [name, file, context], async (call, cancel) =>
        {
            var cluster = Checked(call, name);
            await call.Client.SetClusterAccessAsync(cluster, Read(call, file), call.Get(context), cancel);
            return ShowAnswered(call, await call.Client.CheckClusterAsync(cluster, cancel));
        });
    }

    private static Command Delete(CommandFactory cli)
    {
        var name = NameArgument();
        return cli.Action("delete", "Forget a cluster and its credential; nothing in the cluster changes.", [name], async (call, cancel) =>
        {
            var cluster = Checked(call, name);
            await call.Client.DeleteClusterAsync(cluster, cancel);
            call.Output.Note($"Deleted cluster {cluster}");
            return ExitCodes.Succeeded;
        });
    }

    private static string Read(Call call, Option<string> file) => Inputs.ReadText(call.Services, call.Get(file)!, MaxKubeconfig);

    private static int ShowAnswered(Call call, Answer<ClusterView> answer)
    {
        Show(call, answer);
        return answer.Value.State == ClusterState.Disconnected ? ExitCodes.Failed : ExitCodes.Succeeded;
    }

    private static void Show(Call call, Answer<ClusterView> answer) => call.Output.Value(answer, view =>
    {
        var details = new Details()
            .Add("name", view.Name)
            .Add("description", view.Description)
            .Add("server", view.Server)
            .Add("state", new Cell(Texts.Word(view.State), Tones.Of(view.State)))
            .Add("since", Texts.Ago(view.ChangedAt, call.Now));
        foreach (var reason in view.Reasons) details.Add(reason.Code, reason.Message);
        return details
            .Add("version", view.Facts is { } seen ? $"{seen.KubernetesVersion} on {seen.Platform}" : null)
            .Add("nodes", view.Facts?.Nodes is { } nodes ? $"{view.Facts.ReadyNodes} of {nodes} ready" : null)
            .Add("namespaces", view.Facts?.Namespaces?.ToString(CultureInfo.InvariantCulture))
            .Add("kinds", view.Facts?.Kinds.ToString(CultureInfo.InvariantCulture))
            .Add("latency", view.Facts is { } facts ? $"{facts.LatencyMilliseconds} ms, {Texts.Ago(facts.At, call.Now)}" : null)
            .Add("credential", view.CredentialUntil is { } until ? $"{view.Credential}, ends {Texts.Ago(until, call.Now)}" : view.Credential)
            .Add("added", $"{Texts.Ago(view.CreatedAt, call.Now)} by {view.CreatedBy.Name}")
            .Render(call.Output.Color);
    });

    private static Table<ClusterView> Clusters(DateTimeOffset now) => new(
        ("NAME", view => view.Name),
        ("STATE", view => new Cell(Texts.Word(view.State), Tones.Of(view.State))),
        ("SINCE", view => Texts.Ago(view.ChangedAt, now)),
        ("VERSION", view => view.Facts?.KubernetesVersion ?? ""),
        ("NODES", view => view.Facts?.Nodes is { } nodes ? $"{view.Facts.ReadyNodes}/{nodes}" : ""),
        ("REASON", view => view.Reasons.FirstOrDefault()?.Code ?? ""),
        ("SERVER", view => view.Server));
}
