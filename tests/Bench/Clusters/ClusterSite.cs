using System.Globalization;
using System.Net;
using Control.Api.Http;
using Control.Bench.Runs;
using Control.Cli.Client;
using Control.Cli.Hosting;
using Control.Contracts.Pipelines;
using Control.Storage.Secrets;
using Control.TestKit.Databases;
using Control.TestKit.Processes;
using Control.TestKit.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Control.Bench.Clusters;

/// <summary>
/// Silos as processes of their own on this machine, around a PostgreSQL and a Redis, and in this process a gateway, whose calls
/// of grains do nothing special.
/// </summary>
internal sealed class ClusterSite : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("control-bench-").FullName;
    private readonly List<Silo> _silos = [];
    private PostgresServer _postgres = null!;
    private RedisServer _redis = null!;
    private ControlServer _gateway = null!;

    /// <summary>Those that run.</summary>
    public IReadOnlyList<Silo> Silos => _silos;

    /// <summary>By way of the gateway.</summary>
    public ControlClient Client { get; private set; } = null!;

    /// <summary>Calls from the gateway's process.</summary>
    public IGrainFactory Grains => _gateway.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Of the gateway.</summary>
    public IServiceProvider Services => _gateway.Services;

    private string Data => Path.Combine(_folder, "data");

    private string Connection => _postgres.Connection("cluster");

    public static async Task<ClusterSite> StartAsync(int silos)
    {
        var site = new ClusterSite();
        site._postgres = await PostgresServer.StartAsync();
        site._redis = await RedisServer.StartAsync();
        ServerCertificate.LoadOrCreate(site.Data, TimeProvider.System).Dispose();
        ServerCertificate.LoadOrCreateForSilos(site.Data, TimeProvider.System).Dispose();
        SecretBox.EnsureKeyFile(site.Data);
        await using (var token = site.Begin("server", "recover-admin", "--data", site.Data)) await token.Exit();
        while (site._silos.Count < silos) await site.StartSiloAsync(RedisServer.FreePort());
        await site.StartGatewayAsync();
        return site;
    }

    /// <summary>Starts a silo; returns once it has joined.</summary>
    public async Task<Silo> StartSiloAsync(int port)
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        var process = Begin("silo", "run", "--data", Data, "--cluster-listen", address);
        await process.Line("Silo runs at");
        var silo = new Silo(process, port);
        _silos.Add(silo);
        return silo;
    }

    /// <summary>Starts one in the place of another that has ended or is to end.</summary>
    public async Task ReplaceAsync(Silo silo)
    {
        await silo.Process.DisposeAsync();
        _silos.Remove(silo);
        await StartSiloAsync(silo.Port);
    }

    public Task<BenchAgent> JoinAsync(string name, int capacity) => BenchAgent.JoinAsync(Client, _gateway.Address, _gateway.Fingerprint, name, capacity);

    public async Task DefineAsync(PipelineId pipeline, string definition)
    {
        await Client.CreateWorkspaceAsync(pipeline.Workspace, "", default);
        await Client.PutPipelineAsync(pipeline, definition, version: null, createOnly: true, default);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (_gateway is not null) await _gateway.DisposeAsync();
        foreach (var silo in _silos) await silo.Process.DisposeAsync();
        await _redis.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartGatewayAsync()
    {
        _gateway = await ControlServer.StartAsync(new ServerOptions
        {
            IsGateway = true,
            AgentCapacity = 0,
            DataDirectory = Data,
            Database = new DatabaseOptions(Connection),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Cluster = new ClusterOptions(_redis.Address, new IPEndPoint(IPAddress.Loopback, RedisServer.FreePort())),
            LogLevel = Microsoft.Extensions.Logging.LogLevel.Critical,
        });
        Client = new ControlClient(new ClientOptions
        {
            Server = _gateway.Address,
            Fingerprint = _gateway.Fingerprint,
            Token = (await File.ReadAllTextAsync(_gateway.AdminTokenFile)).Trim(),
        });
    }

    private ControlProcess Begin(params string[] arguments) => ControlProcess.Start(
        _folder, new Dictionary<string, string?> { ["CONTROL_REDIS"] = _redis.Address, ["CONTROL_DATABASE"] = Connection }, arguments);
}

/// <summary>A silo's process.</summary>
/// <param name="Process">It.</param>
/// <param name="Port">Where the others reach it.</param>
internal sealed record Silo(ControlProcess Process, int Port)
{
    /// <summary>Processor time it has used, all threads.</summary>
    public TimeSpan CpuTime()
    {
        // proc(5): utime and stime are fields 14 and 15, in ticks, of which there are 100 a second; the name before may have anything in it.
        var stat = File.ReadAllText($"/proc/{Process.Id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0);
    }
}
