using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;

namespace Control.Cli.Completion;

/// <summary>The hidden <c>control complete</c>: names for completion scripts, one a line. Whatever goes wrong, it prints nothing.</summary>
internal static class CompleteCommand
{
    public const string Contexts = "contexts";
    public const string Pipelines = "pipelines";
    public const string Workspaces = "workspaces";

    /// <summary>A person waits with a finger on the tab key.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static Command Create(CommandFactory cli)
    {
        var kind = new Argument<string>("kind");
        var command = cli.Action("complete", "Names for completion scripts.", [kind], async (call, cancel) =>
        {
            using var patience = new CancellationTokenSource(Patience, call.Services.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
            foreach (var name in await NamesOrNoneAsync(call, call.Get(kind), both.Token))
            {
                call.Output.Text($"{Texts.Clean(name)}\n");
            }

            return ExitCodes.Succeeded;
        });
        command.Hidden = true;
        return command;
    }

    private static async Task<IEnumerable<string>> NamesOrNoneAsync(Call call, string kind, CancellationToken cancellationToken)
    {
        try
        {
            return kind switch
            {
                Contexts => call.Config.Load().Contexts.Select(context => context.Name),
                Pipelines => (await call.Client.ListPipelinesAsync(call.Workspace, PageQuery.All, cancellationToken)).Value.Items.Select(p => p.Id.Name),
                Workspaces => (await call.Client.ListWorkspacesAsync(PageQuery.All, cancellationToken)).Value.Items.Select(w => w.Name),
                _ => [],
            };
        }
        catch (Exception e) when (e is OperationCanceledException || Failures.Explains(e, cancellationToken))
        {
            return [];
        }
    }
}
