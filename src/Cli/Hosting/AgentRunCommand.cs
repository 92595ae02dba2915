using System.CommandLine;
using Control.Agent;
using Control.Agent.Processes;
using Control.Cli.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Control.Cli.Hosting;

/// <summary><c>control agent run</c>: a build agent on its own.</summary>
internal static class AgentRunCommand
{
    /// <summary>Serves as the agent's reaper when the program was started as one; null otherwise.</summary>
    public static Task<int>? TryRunReaper(string[] args) =>
        args is [ReaperProcess.Verb, .. var rest] ? ReaperProcess.RunAsync(rest, Console.OpenStandardInput()) : null;

    public static Command Create(CommandFactory cli)
    {
        var server = new Option<string[]>("--to")
        {
            Description = "The server's address, https; once for each gateway of a cluster.",
            HelpName = "url",
            Required = true,
        };
        var tokenFile = new Option<string>("--join-token-file")
        {
            Description = "File with the join token, - for standard input; needed on the first start only.",
            HelpName = "file",
        };
        var state = new Option<string>("--state")
        {
            Description = "Folder of its own for credential and logs.",
            HelpName = "folder",
            DefaultValueFactory = _ => ".control/agent",
        };
        var name = new Option<string>("--name") { Description = "Its name; the machine's unless given.", HelpName = "name" };
        var labels = new Option<string[]>("--label") { Description = "A label that jobs may demand.", HelpName = "label" };
        var capacity = new Option<int>("--capacity") { Description = "Jobs at a time.", HelpName = "n", DefaultValueFactory = _ => 2 };
        var work = JobOptions.Work("--work");
        var users = JobOptions.Users("--job-users");
        var engine = new Option<string>("--container-engine") { Description = "What runs jobs with an image, podman or docker; the first that works unless given.", HelpName = "program" };
        var dummy = new Option<bool>("--dummy")
        {
            Description = "Run no processes: what steps do stands in their environment, in variables that begin with DUMMY_. For load benches.",
            Hidden = true,
        };
        var log = new Option<LogLevel>("--log-level") { Description = "Least severity that is logged.", DefaultValueFactory = _ => LogLevel.Information };
        return cli.Action(
            "run",
            "Run a build agent until it is told to stop.",
            [server, tokenFile, state, name, labels, capacity, work, users, engine, dummy, log],
            async (call, cancel) => await Run(
                new AgentOptions
                {
                    Server = Address(call.Get(server)![0]),
                    OtherServers = [.. call.Get(server)![1..].Select(Address)],
                    StateDirectory = Path.GetFullPath(call.Get(state)!),
                    JoinToken = await ReadToken(call, call.Get(tokenFile), cancel),
                    Name = call.Get(name),
                    Labels = call.Get(labels) ?? [],
                    Capacity = call.Get(capacity),
                    WorkDirectory = JobOptions.Path(call.Get(work)),
                    JobUsers = JobOptions.Range(call.Get(users)!),
                    ContainerEngine = call.Get(engine),
                    IsDummy = call.Get(dummy),
                },
                call.Get(log),
                cancel));
    }

    private static async Task<int> Run(AgentOptions options, LogLevel level, CancellationToken cancellationToken)
    {
        CoreDumps.TurnOff();
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(level);
        builder.Services.AddControlAgent(given =>
        {
            given.Server = options.Server;
            given.OtherServers = options.OtherServers;
            given.StateDirectory = options.StateDirectory;
            given.JoinToken = options.JoinToken;
            given.Name = options.Name;
            given.Labels = options.Labels;
            given.Capacity = options.Capacity;
            given.WorkDirectory = options.WorkDirectory;
            given.JobUsers = options.JobUsers;
            given.ContainerEngine = options.ContainerEngine;
            given.IsDummy = options.IsDummy;
        });
        using var host = builder.Build();
        var agent = host.Services.GetRequiredService<AgentHost>();
        await host.RunAsync(cancellationToken);
        // When it was the agent's fault that stopped the host, it comes out here.
        await agent.ExecuteTask!;
        return ExitCodes.Succeeded;
    }

    private static Uri Address(string text) => Uri.TryCreate(text, UriKind.Absolute, out var address)
        ? address
        : throw new UsageException($"'{text}' is not a server's address such as https://control.example.org:7443.");

    private static async Task<string?> ReadToken(Call call, string? file, CancellationToken cancellationToken) => file switch
    {
        null => null,
        "-" => (await Console.In.ReadLineAsync(cancellationToken))?.Trim(),
        _ => (await File.ReadAllTextAsync(file, cancellationToken)).Trim(),
    };
}
