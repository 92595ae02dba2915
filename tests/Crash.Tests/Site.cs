using System.Globalization;
using Control.Cli.Client;
using Control.Contracts.Agents;
using Control.TestKit.Silos;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>
/// A server process and agent processes on a folder of their own; disposing kills and removes everything. A run of the tests
/// on several silos puts more silo processes beside the server, which go on when it dies.
/// </summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly List<ControlProcess> _processes = [];
    private readonly List<SmallDisk> _disks = [];
    private readonly ITestOutputHelper? _output;
    private ControlClient? _client;
    private RedisServer? _redis;

    private Site(string folder, int port, ITestOutputHelper? output) => (Folder, Port, _output) = (folder, port, output);

    /// <summary>Everything's folder; jobs may use it to tell the test something.</summary>
    public string Folder { get; }

    public int Port { get; }

    public string Data => Path.Combine(Folder, "data");

    /// <summary>Where jobs work, so that the site's folder is in the environment of all their processes.</summary>
    private string Work => Path.Combine(Folder, "work");

    public ControlProcess Server { get; private set; } = null!;

    /// <summary>The silos beside the server.</summary>
    public List<ControlProcess> Silos { get; } = [];

    /// <summary>Those it was told to have, in order.</summary>
    public IReadOnlyList<SmallDisk> Disks => _disks;

    /// <summary>An administrator who is patient with a server that is away.</summary>
    public ControlClient Client => _client!;

    /// <summary>Starts a server with a workspace <c>crash</c>; what its processes print goes to <paramref name="output"/> in the end.</summary>
    /// <param name="output">Told everything in the end.</param>
    /// <param name="insideCapacity">Of the agent inside the server.</param>
    /// <param name="silos">The server's included; 0 for as many as the run of the tests wants.</param>
    /// <param name="dataMegabytes">Size of a disk for the server's data; 0 for the machine's own.</param>
    public static async Task<Site> Start(ITestOutputHelper? output = null, int insideCapacity = 0, int silos = 0, int dataMegabytes = 0)
    {
        silos = silos == 0 ? TestSilos.Count : silos;
        var folder = Directory.CreateTempSubdirectory("control-crash-").FullName;
        // Jobs, which have users of their own when the agent is root, tell the test something by files in it.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        var site = new Site(folder, FreePort(), output);
        await site.SharedFile("starts");
        try
        {
            if (dataMegabytes > 0) await site.Mount("data", dataMegabytes);
            if (silos > 1) site._redis = await RedisServer.StartAsync();
            await site.StartServer(insideCapacity);
            while (site.Silos.Count < silos - 1) site.Silos.Add(await site.StartSilo());
            site._client = site.ClientWith(await site.AdminToken());
            await site.Client.CreateWorkspaceAsync("crash", "", CancellationToken.None);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    public async Task StartServer(int insideCapacity = 0)
    {
        Server = Begin(ControlProcess.Start(
            Folder, _redis?.Address, [.. ServerArguments(Port), .. ClusterArguments(), "--agent-capacity", insideCapacity.ToString(CultureInfo.InvariantCulture)]));
        await Server.Line("Control listens on");
        Fingerprint = (await Server.Line("fingerprint")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1];
    }

    /// <summary>kill -9 and a start on the same folder and port.</summary>
    public async Task CrashServer()
    {
        await Server.DisposeAsync();
        await StartServer();
    }

    /// <summary>Makes the silos' Redis forget everything.</summary>
    public Task EmptyRedis() => _redis!.FlushAsync();

    /// <summary>Starts one more silo; returns once it has joined.</summary>
    public async Task<ControlProcess> StartSilo(params string[] arguments)
    {
        var silo = Begin(ControlProcess.Start(Folder, _redis!.Address, ["silo", "run", "--data", Data, .. ClusterArguments(), .. arguments]));
        await silo.Line("Silo runs at");
        return silo;
    }

    /// <summary>Starts a gateway; returns once it listens.</summary>
    public async Task<ControlProcess> StartGateway(int port)
    {
        var gateway = Begin(ControlProcess.Start(
            Folder, _redis!.Address, ["api", "run", "--data", Data, "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), .. ClusterArguments()]));
        await gateway.Line("Control listens on");
        return gateway;
    }

    private string[] ClusterArguments() => _redis is null
        ? []
        : ["--cluster-listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePort()}")];

    public string[] ServerArguments(int port) =>
        ["server", "run", "--data", Data, "--agent-work", Work, "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}")];

    /// <summary>Something to put between agents and the server.</summary>
    public Task<Relay> StartRelay() => Relay.Start(Port, Fingerprint);

    /// <summary>Puts a small disk at a name in the folder; it goes with the site.</summary>
    public async Task<SmallDisk> Mount(string name, int megabytes)
    {
        var disk = await SmallDisk.Mount(Path.Combine(Folder, name), megabytes);
        _disks.Add(disk);
        return disk;
    }

    /// <summary>An empty file that jobs, which are different users, may all write to.</summary>
    public async Task SharedFile(string name)
    {
        // Emptied where it is there: who writes to a new one first would own it.
        await File.WriteAllTextAsync(Path.Combine(Folder, name), "");
        File.SetUnixFileMode(Path.Combine(Folder, name), (UnixFileMode)0b110_110_110);
    }

    /// <summary>Starts an agent, which joins when it never has; returns once it serves. With a relay, it knows nothing of the server but that.</summary>
    /// <param name="name">The agent's.</param>
    /// <param name="capacity">Jobs at a time.</param>
    /// <param name="relay">Put between.</param>
    /// <param name="gateways">Ports of the gateways it is told; the server's when there are none.</param>
    public async Task<ControlProcess> StartAgent(string name, int capacity = 4, Relay? relay = null, params int[] gateways)
    {
        var tokenFile = Path.Combine(Folder, $"{name}.token");
        var state = Path.Combine(Folder, $"agent-{name}");
        if (!File.Exists(tokenFile))
        {
            var token = await Client.CreateJoinTokenAsync(TimeSpan.FromHours(1), CancellationToken.None);
            await File.WriteAllTextAsync(tokenFile, token.Value.Token.Replace(Fingerprint, relay?.Fingerprint ?? Fingerprint, StringComparison.Ordinal));
        }

        var agent = Begin(ControlProcess.Start(
            Folder, redis: null, ["agent", "run", .. Servers(), "--join-token-file", tokenFile, "--state", state, "--work", Work, "--name", name,
            "--capacity", capacity.ToString(CultureInfo.InvariantCulture)]));
        await agent.Line("Serving as");
        return agent;

        IEnumerable<string> Servers() =>
            (gateways.Length > 0 ? gateways : [relay?.Port ?? Port]).SelectMany(port => new[] { "--to", $"https://127.0.0.1:{port}" });
    }

    public async Task<AgentView> Agent(string name) =>
        (await Client.ListAgentsAsync(PageQuery.All, CancellationToken.None)).Value.Items.Single(agent => agent.Name == name);

    public async Task<string> AdminToken() => (await File.ReadAllTextAsync(Path.Combine(Data, "admin-token"))).Trim();

    /// <summary>Somebody with a token, at the server or at a gateway.</summary>
    public ControlClient ClientWith(string token, int? gateway = null) => new(new ClientOptions
    {
        Server = new Uri($"https://127.0.0.1:{gateway ?? Port}"),
        Fingerprint = Fingerprint,
        Token = token,
        Tries = 100,
        BackOff = TimeSpan.FromMilliseconds(50),
        MaxBackOff = TimeSpan.FromSeconds(2),
    });

    public static int FreePort() => RedisServer.FreePort();

    /// <summary>Kills what runs; fails when something is left that nobody ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
            _output?.WriteLine(process.Output);
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        var left = await Leftovers.WaitUntilNone(Folder);
        foreach (var disk in _disks)
        {
            await disk.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
        Assert.Empty(left);
    }

    private string Fingerprint { get; set; } = "";

    private ControlProcess Begin(ControlProcess process)
    {
        _processes.Add(process);
        return process;
    }
}
