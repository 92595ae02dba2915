using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Control.Chaos.History;
using Control.Chaos.Plans;
using Control.Cli.Client;
using Control.Contracts.Runs;
using Control.TestKit.Databases;
using Control.TestKit.Networks;
using Control.TestKit.Processes;
using Control.TestKit.Silos;

namespace Control.Chaos.Sites;

/// <summary>
/// PostgreSQL, Redis, silos with and without a gateway, and agents, as processes on loopback and in a folder of their own. Whoever
/// connects to gateways, PostgreSQL or Redis does so through something that can be cut. Disposing kills and removes everything.
/// </summary>
internal sealed class Site : IAsyncDisposable
{
    private const int AgentCapacity = 4;

    private readonly TextWriter _output;
    private readonly int[] _ports;
    private readonly int[] _clusterPorts;
    private Relay? _relay;
    private ControlClient? _client;

    private Site(string folder, Shape shape, PostgresServer postgres, RedisServer redis, TextWriter output)
    {
        (Folder, Postgres, RedisServer, _output) = (folder, postgres, redis, output);
        _ports = [.. Enumerable.Range(0, shape.Gateways).Select(_ => RedisServer.FreePort())];
        _clusterPorts = [.. Enumerable.Range(0, shape.Nodes).Select(_ => RedisServer.FreePort())];
        Directory.CreateDirectory(Logs);
        Nodes = [.. Enumerable.Range(0, shape.Nodes).Select(NewNode)];
        Agents = [.. Enumerable.Range(0, shape.Agents).Select(NewAgent)];
        Gateways = new Link(() => [.. Enumerable.Range(0, _ports.Length).Where(i => Nodes[i].IsServing).Select(i => new IPEndPoint(IPAddress.Loopback, _ports[i]))]);
        Database = new Link(() => [new UnixDomainSocketEndPoint(postgres.Socket)]);
        Redis = new Link(() => [IPEndPoint.Parse(redis.Address)]);
    }

    /// <summary>Everything's folder; jobs write their journal there.</summary>
    public string Folder { get; }

    /// <summary>What the processes printed.</summary>
    public string Logs => Path.Combine(Folder, "logs");

    /// <summary>Silos, those with a gateway first.</summary>
    public IReadOnlyList<Part> Nodes { get; }

    /// <summary>Build agents.</summary>
    public IReadOnlyList<Part> Agents { get; }

    /// <summary>The way of clients and agents to gateways that serve.</summary>
    public Link Gateways { get; }

    /// <summary>The nodes' way to PostgreSQL.</summary>
    public Link Database { get; }

    /// <summary>The nodes' way to Redis.</summary>
    public Link Redis { get; }

    /// <summary>The store.</summary>
    public PostgresServer Postgres { get; }

    /// <summary>The membership view.</summary>
    public RedisServer RedisServer { get; }

    /// <summary>Of all gateways' certificate.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>An administrator's.</summary>
    public string Token { get; private set; } = "";

    /// <summary>An administrator who goes through <see cref="Gateways"/> and repeats each call, with its idempotency key, for minutes.</summary>
    public ControlClient Client => _client!;

    /// <summary>The gateways that serve now.</summary>
    public IReadOnlyList<Uri> ServingGateways => [.. Enumerable.Range(0, _ports.Length).Where(i => Nodes[i].IsServing).Select(Address)];

    /// <summary>Whether two nodes, one of them with a gateway, serve without this one.</summary>
    public bool CanSpare(int node)
    {
        var others = Enumerable.Range(0, Nodes.Count).Where(other => other != node && Nodes[other].IsServing).ToArray();
        return others.Length >= 2 && others.Any(other => other < _ports.Length);
    }

    /// <summary>Starts everything; returns once all nodes and agents serve.</summary>
    public static async Task<Site> StartAsync(Shape shape, Recorder recorder, TextWriter output, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("control-chaos-").FullName;
        // Jobs, which have users of their own when the agent is root, write into it.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        var site = new Site(folder, shape, await PostgresServer.StartAsync(), await RedisServer.StartAsync(), output);
        try
        {
            await site.PutJobFiles();
            await site.StartNodes(cancellationToken);
            await site.StartAgents(recorder, cancellationToken);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client of one gateway, or of any where none is named.</summary>
    public ControlClient ClientOf(Uri? gateway, int tries, TimeSpan timeout) => new(new ClientOptions
    {
        Server = gateway ?? Loopback(Gateways.Port),
        Fingerprint = Fingerprint,
        Token = Token,
        Tries = tries,
        Patience = TimeSpan.Zero,
        Timeout = timeout,
        BackOff = TimeSpan.FromMilliseconds(50),
        MaxBackOff = TimeSpan.FromSeconds(1),
    });

    /// <summary>Kills what runs and removes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        await Task.WhenAll(Agents.Concat(Nodes).Select(part => part.DisposeAsync().AsTask()));
        if (_relay is not null) await _relay.DisposeAsync();
        Gateways.Dispose();
        Database.Dispose();
        Redis.Dispose();
        await Postgres.DisposeAsync();
        await RedisServer.DisposeAsync();
        foreach (var left in await Leftovers.WaitUntilNone(Folder)) await _output.WriteLineAsync($"          killed what was left: {left}");
        Directory.Delete(Folder, recursive: true);
    }

    private static Uri Loopback(int port) => new(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{port}"));

    private Uri Address(int gateway) => Loopback(_ports[gateway]);

    private string Data(int node) => Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"data-{(node < _ports.Length ? node : 0) + 1}"));

    private Part NewNode(int index)
    {
        var cluster = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_clusterPorts[index]}");
        var isGateway = index < _ports.Length;
        var name = string.Create(CultureInfo.InvariantCulture, $"node-{index + 1}");
        string[] arguments = isGateway
            ? ["server", "run", "--data", Data(index), "--cluster-listen", cluster, "--agent-capacity", "0", "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_ports[index]}")]
            : ["silo", "run", "--data", Data(index), "--cluster-listen", cluster];
        return new Part(name, isGateway ? "fingerprint " : "Silo runs at", () => ControlProcess.Start(Folder, NodeEnvironment(), arguments), Logs, _output);
    }

    private Dictionary<string, string?> NodeEnvironment() => new()
    {
        ["CONTROL_REDIS"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Redis.Port}"),
        ["CONTROL_DATABASE"] = string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Database.Port};Database=postgres;Username=postgres"),
    };

    private Part NewAgent(int index)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"agent-{index + 1}");
        return new Part(
            name,
            "Serving as",
            () => ControlProcess.Start(
                Folder,
                new Dictionary<string, string?>(),
                "agent", "run", "--to", Loopback(_relay!.Port).ToString(), "--join-token-file", Path.Combine(Folder, name + ".token"), "--state", Path.Combine(Folder, name), "--work",
                Path.Combine(Folder, "work"), "--name", name, "--capacity", AgentCapacity.ToString(CultureInfo.InvariantCulture)),
            Logs,
            _output);
    }

    private async Task PutJobFiles()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, JobScript.File), JobScript.Text(Folder));
        await File.WriteAllTextAsync(Path.Combine(Folder, Journal.File), "");
        File.SetUnixFileMode(Path.Combine(Folder, JobScript.File), (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(Path.Combine(Folder, Journal.File), (UnixFileMode)0b110_110_110);
    }

    // The first makes the keys and certificates that all share.
    private async Task StartNodes(CancellationToken cancellationToken)
    {
        await Nodes[0].StartAsync(cancellationToken);
        Fingerprint = Nodes[0].Output!.Split('\n').First(line => line.Contains("fingerprint ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1];
        Token = (await File.ReadAllTextAsync(Path.Combine(Data(0), "admin-token"))).Trim();
        for (var gateway = 1; gateway < _ports.Length; gateway++) CopyKeys(Data(0), Data(gateway));
        foreach (var node in Nodes.Skip(1)) await node.StartAsync(cancellationToken);
        _client = ClientOf(null, tries: 200, TimeSpan.FromSeconds(10));
    }

    private static void CopyKeys(string from, string to)
    {
        Directory.CreateDirectory(to, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var file in (string[])["server.pem", "silos.pem", "secret-keys.json", "admin-token"])
        {
            if (File.Exists(Path.Combine(from, file))) File.Copy(Path.Combine(from, file), Path.Combine(to, file));
        }
    }

    private async Task StartAgents(Recorder recorder, CancellationToken cancellationToken)
    {
        _relay = await Relay.Start(Gateways.Port, Fingerprint);
        _relay.Passes = exchange =>
        {
            if (exchange is { What: "logs", Status: 200, Asked.Length: > 0 })
            {
                var (attempt, offset) = (AttemptId.Parse(exchange.Query["attempt"]!), long.Parse(exchange.Query["offset"]!, CultureInfo.InvariantCulture));
                recorder.Note(new LogAcknowledged(Recorder.Now, attempt, offset, exchange.Asked));
            }

            return Task.FromResult(true);
        };
        foreach (var agent in Agents)
        {
            var token = await Client.CreateJoinTokenAsync(TimeSpan.FromHours(1), cancellationToken);
            await File.WriteAllTextAsync(
                Path.Combine(Folder, agent.Name + ".token"), token.Value.Token.Replace(Fingerprint, _relay.Fingerprint, StringComparison.Ordinal));
        }

        await Task.WhenAll(Agents.Select(agent => agent.StartAsync(cancellationToken)));
    }
}
