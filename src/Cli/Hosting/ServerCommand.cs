using System.CommandLine;
using System.Net;
using Control.Agent.Processes;
using Control.Api.Access;
using Control.Api.Http;
using Control.Cli.CommandLine;
using Control.Silo.Hosting;
using Control.Storage.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Control.Cli.Hosting;

/// <summary><c>control server</c>: runs the server and helps whoever has its machine.</summary>
internal static class ServerCommand
{
    private const string DefaultData = ".control/data";

    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "server", "The server: silo, gateway and an agent in one process.", Run(cli), Init(cli), RecoverAdmin(cli),
        BackupCommand.Create(cli), BackupCommand.CreateRestore(cli), BackupCommand.CreateRestored(cli), KeyCommand.Create(cli));

    internal static Option<string> DataOption() => new("--data")
    {
        Description = "Folder of databases, keys and certificate.",
        HelpName = "folder",
        DefaultValueFactory = _ => DefaultData,
    };

    internal static Option<string?> ClusterOption() => new("--cluster-listen")
    {
        Description = $"Be a silo of a cluster: address and port where the other silos reach this one. {ClusterOptions.RedisVariable} names the cluster's Redis.",
        HelpName = "ip:port",
    };

    internal static Option<string> ListenOption() => new("--listen")
    {
        Description = "Address and port; port 0 takes a free one.",
        HelpName = "ip:port",
        DefaultValueFactory = _ => "127.0.0.1:7443",
    };

    internal static Option<string[]> NamesOption() => new("--name") { Description = "A further host name or address for the certificate.", HelpName = "name" };

    internal static Option<LogLevel> LogOption() =>
        new("--log-level") { Description = "Least severity that is logged.", DefaultValueFactory = _ => LogLevel.Warning };

    private static Command Run(CommandFactory cli)
    {
        var data = DataOption();
        var database = DatabaseOptions.Option();
        var listen = ListenOption();
        var names = NamesOption();
        var capacity = new Option<int>("--agent-capacity")
        {
            Description = "Jobs at a time of the agent inside; 0 runs none.",
            HelpName = "n",
            DefaultValueFactory = _ => 4,
        };
        var work = JobOptions.Work("--agent-work");
        var users = JobOptions.Users("--agent-job-users");
        var seed = new Option<bool>("--seed") { Description = "Make a sample workspace on the first start." };
        var cluster = ClusterOption();
        var log = LogOption();
        return cli.Action("run", "Run the server until it is told to stop.", [data, database, listen, names, capacity, work, users, seed, cluster, log], (call, cancel) =>
            Serve(
                call,
                new ServerOptions
                {
                    DataDirectory = call.Get(data)!,
                    Database = DatabaseOptions.From(call.Get(database)),
                    Listen = Endpoint(call.Get(listen)!),
                    Names = call.Get(names) ?? [],
                    AgentCapacity = call.Get(capacity),
                    AgentWorkDirectory = JobOptions.Path(call.Get(work)),
                    AgentJobUsers = JobOptions.Range(call.Get(users)!),
                    Seed = call.Get(seed),
                    Cluster = ClusterOptions.From(call.Get(cluster)),
                    LogLevel = call.Get(log),
                },
                cancel));
    }

    private static Command Init(CommandFactory cli)
    {
        var data = DataOption();
        var names = NamesOption();
        return cli.Action(
            "init",
            "Make the files that all processes of a cluster share, where they are not there: copy them to each machine's data folder.",
            [data, names],
            (call, _) =>
            {
                var path = Path.GetFullPath(call.Get(data)!);
                using var certificate = ServerCertificate.LoadOrCreate(path, TimeProvider.System, call.Get(names) ?? []);
                using var silos = ServerCertificate.LoadOrCreateForSilos(path, TimeProvider.System);
                SecretBox.EnsureKeyFile(path);
                var fingerprint = ServerCertificate.Fingerprint(certificate);
                call.Output.Local(new { data = path, fingerprint }, $"{fingerprint}\n");
                call.Output.Note($"{path} has server.pem, silos.pem and secret-keys.json, which every gateway and silo needs and nobody else may read.");
                call.Output.Note("The first token of an administrator: control server recover-admin");
                return Task.FromResult(ExitCodes.Succeeded);
            });
    }

    private static Command RecoverAdmin(CommandFactory cli)
    {
        var data = DataOption();
        var database = DatabaseOptions.Option();
        return cli.Action(
            "recover-admin",
            "Make a new admin token, on the server's machine; the server may be running or not.",
            [data, database],
            async (call, _) =>
            {
                var path = ExistingFolder(call.Get(data)!);
                await DataFolder.WriteAdminToken(path, await IssueBesideServer(path, DatabaseOptions.From(call.Get(database))));
                call.Output.Note($"A new admin token is in {DataFolder.AdminTokenFile(path)} (readable by you only). Revoke lost ones with 'control token revoke'.");
                return ExitCodes.Succeeded;
            });
    }

    /// <summary>The data folder of a server, which must be there.</summary>
    internal static string ExistingFolder(string folder) => Path.GetFullPath(folder) is var path && Directory.Exists(path)
        ? path
        : throw new UsageException($"There is no folder {path}. Give the server's data folder with --data.");

    private static async Task<int> Serve(Call call, ServerOptions options, CancellationToken cancellationToken)
    {
        CoreDumps.TurnOff();
        await using var server = await ControlServer.StartAsync(options, cancellationToken);
        Announce(call, server, options);
        await server.WaitForShutdownAsync(cancellationToken);
        return ExitCodes.Succeeded;
    }

    private static void Announce(Call call, ControlServer server, ServerOptions options)
    {
        var program = Environment.GetEnvironmentVariable("CONTROL_PROGRAM") ?? "control";
        call.Output.Note($"Control listens on {server.Address}");
        call.Output.Note($"  admin token   {server.AdminTokenFile}");
        call.Output.Note($"  fingerprint   {server.Fingerprint}");
        call.Output.Note("");
        call.Output.Note("Sign in from another terminal:");
        call.Output.Note($"  {program} login {server.Address.ToString().TrimEnd('/')} --token-file {server.AdminTokenFile} --fingerprint {server.Fingerprint}");
        if (options.Seed)
        {
            call.Output.Note("Then try the sample pipeline:");
            call.Output.Note($"  {program} run start {FirstStart.Sample} --follow");
        }

        call.Output.Note("");
        call.Output.Note("Stop with Ctrl-C.");
    }

    // A silo of its own on the same store, for one commit: the store is safe for several processes, and the running
    // server reads tokens from it.
    private static async Task<string> IssueBesideServer(string dataDirectory, DatabaseOptions? database)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddControlSilo(storage => (storage.DataDirectory, storage.Database) = (dataDirectory, database?.Connection), isScheduling: false);
        using var host = builder.Build();
        await host.StartAsync();
        var token = await AdminTokens.IssueAsync(
            host.Services.GetRequiredService<IGrainFactory>(), host.Services.GetRequiredService<TimeProvider>(), "recovered-admin");
        await host.StopAsync();
        return token;
    }

    internal static IPEndPoint Endpoint(string text) => IPEndPoint.TryParse(text, out var endpoint) && text.Contains(':', StringComparison.Ordinal)
        ? endpoint
        : throw new UsageException($"'{text}' is not an address and port such as 127.0.0.1:7443 or 0.0.0.0:7443.");
}
