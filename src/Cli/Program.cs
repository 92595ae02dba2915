using System.CommandLine;
using Control.Cli.Access;
using Control.Cli.Agents;
using Control.Cli.CommandLine;
using Control.Cli.Completion;
using Control.Cli.Pipelines;
using Control.Cli.Runs;
using Control.Cli.Workspaces;

namespace Control.Cli;

/// <summary>The <c>control</c> program.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        var services = CliServices.OfProcess();
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
            SecretCommand.Create(cli),
            PipelineCommand.Create(cli),
            RunCommand.Create(cli),
            AgentCommand.Create(cli),
            TokenCommand.Create(cli),
            CompletionCommand.Create(cli),
            CompleteCommand.Create(cli),
            VersionCommand.Create(cli));
    }
}
