using System.CommandLine;
using Control.Agent.Processes;
using Control.Cli.CommandLine;

namespace Control.Cli.Hosting;

/// <summary><c>control api</c>: gateways apart from the silos.</summary>
internal static class ApiCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "api", "A gateway of a cluster: serves the API, has no grains and no agent.", Run(cli));

    private static Command Run(CommandFactory cli)
    {
        var data = ServerCommand.DataOption();
        var database = DatabaseOptions.Option();
        var listen = ServerCommand.ListenOption();
        var names = ServerCommand.NamesOption();
        var cluster = ServerCommand.ClusterOption();
        var log = ServerCommand.LogOption();
        return cli.Action(
            "run",
            $"Run a gateway until it is told to stop. {ClusterOptions.RedisVariable} names the cluster's Redis.",
            [data, database, listen, names, cluster, log],
            (call, cancel) => Serve(
                call,
                new ServerOptions
                {
                    IsGateway = true,
                    AgentCapacity = 0,
                    DataDirectory = call.Get(data)!,
                    Database = DatabaseOptions.From(call.Get(database)),
                    Listen = ServerCommand.Endpoint(call.Get(listen)!),
                    Names = call.Get(names) ?? [],
                    Cluster = ClusterOptions.From(call.Get(cluster)) ?? throw ClusterOptions.Missing(),
                    LogLevel = call.Get(log),
                },
                cancel));
    }

    private static async Task<int> Serve(Call call, ServerOptions options, CancellationToken cancellationToken)
    {
        CoreDumps.TurnOff();
        await using var gateway = await ControlServer.StartAsync(options, cancellationToken);
        call.Output.Note($"Control listens on {gateway.Address}");
        call.Output.Note($"  fingerprint   {gateway.Fingerprint}");
        call.Output.Note("Stop with Ctrl-C.");
        await gateway.WaitForShutdownAsync(cancellationToken);
        return ExitCodes.Succeeded;
    }
}
