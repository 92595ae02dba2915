using System.CommandLine;
using Control.Cli.Access;
using Control.Cli.Agents;
using Control.Cli.Clusters;
using Control.Cli.CommandLine;
using Control.Cli.Completion;
using Control.Cli.Groups;
using Control.Cli.Hosting;
using Control.Cli.Pipelines;
using Control.Cli.Runs;
using Control.Cli.Runtime;
using Control.Cli.Triggers;
using Control.Cli.Workspaces;
using Control.Engine.Pipelines;

namespace Control.Cli;

/// <summary>The <c>control</c> program.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        if (AgentRunCommand.TryRunReaper(args) is { } reaper)
        {
            return reaper;
        }

        var services = CliServices.OfProcess() with { LintLocally = text => PipelineParser.Parse(text).Errors };
        return CommandRunner.RunAsync(CreateRoot(services), args, services);
    }

    /// <summary>All commands.</summary>
    internal static RootCommand CreateRoot(CliServices services)
    {
        var globals = new GlobalOptions();
        var cli = new CommandFactory(services, globals);
        return CommandRunner.Root(
            globals,
            LoginCommand.Create(cli),
            LoginCommand.CreateLogout(cli),
            LoginCommand.CreateWhoAmI(cli),
            ContextCommand.Create(cli),
            WorkspaceCommand.Create(cli),
            ClusterCommand.Create(cli),
            SecretCommand.Create(cli),
            PipelineCommand.Create(cli),
            RunCommand.Create(cli),
            GroupCommand.Create(cli),
            TriggerCommand.Create(cli),
            AgentCommand.Create(cli),
            PoolCommand.Create(cli),
            TokenCommand.Create(cli),
            ServerCommand.Create(cli),
            SiloCommand.Create(cli),
            ApiCommand.Create(cli),
            RuntimeCommand.Create(cli),
            CompletionCommand.Create(cli),
            CompleteCommand.Create(cli),
            VersionCommand.Create(cli));
    }
}
