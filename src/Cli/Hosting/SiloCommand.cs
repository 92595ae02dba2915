using System.CommandLine;
using Control.Agent.Processes;
using Control.Cli.CommandLine;

namespace Control.Cli.Hosting;

/// <summary><c>control silo</c>: more silos for a server's grains.</summary>
internal static class SiloCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "silo", "A further silo of a server's cluster: runs grains, has no gateway and no agent.", Run(cli));

    private static Command Run(CommandFactory cli)
    {
        var data = ServerCommand.DataOption();
        var database = DatabaseOptions.Option();
        var cluster = ServerCommand.ClusterOption();
        var health = new Option<string?>("--health-listen")
        {
            Description = "Answer /healthz and /readyz here over plain HTTP, for probes: address and port such as 0.0.0.0:8081. Default: nowhere.",
            HelpName = "ip:port",
        };
        var log = ServerCommand.LogOption();
        return cli.Action(
            "run",
            $"Run a silo until it is told to stop. {ClusterOptions.RedisVariable} names the cluster's Redis; the server runs with it too.",
            [data, database, cluster, health, log],
            async (call, cancel) =>
            {
                var options = ClusterOptions.From(call.Get(cluster))
                    ?? throw ClusterOptions.Missing();
                CoreDumps.TurnOff();
                await using var silo = await ControlSilo.StartAsync(
                    Path.GetFullPath(call.Get(data)!), options, DatabaseOptions.From(call.Get(database)), call.Get(log), call.Get(health) is { } at ? ServerCommand.Endpoint(at) : null, cancel);
                call.Output.Note($"Silo runs at {options.Listen}");
                call.Output.Note("Stop with Ctrl-C.");
                await silo.WaitForShutdownAsync(cancel);
                return ExitCodes.Succeeded;
            });
    }
}
