using System.Net;
using System.Security.Cryptography;
using Control.Cli.Client;
using Control.Cli.Hosting;
using Control.Contracts.Access;
using Control.TestKit;
using Control.TestKit.Containers;
using Control.TestKit.Databases;
using Control.TestKit.Silos;

namespace Control.Scenarios.Tests;

/// <summary>
/// One server with its agent and one Git server for all scenarios; each scenario has a workspace of its own. A run of the
/// tests on several silos gives the server more of them.
/// </summary>
public sealed class ScenarioServer : IAsyncLifetime
{
    public const string GitUser = "scenario";

    private readonly string _folder = Directory.CreateTempSubdirectory("control-scenarios-").FullName;
    private readonly Dictionary<(string Name, string Workspace), string> _tokens = [];
    private GitHttpServer? _git;
    private readonly List<ControlSilo> _silos = [];
    private RedisServer? _redis;
    private ControlServer? _server;

    internal string GitPassword { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Of the server, a silo.</summary>
    internal IServiceProvider Services => _server!.Services;

    internal ControlClient Client { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _git = await GitHttpServer.StartAsync(Directory.CreateDirectory(Path.Combine(_folder, "git")).FullName, GitUser, GitPassword);
        var data = Path.Combine(_folder, "data");
        var database = TestDatabase.Connection() is { } connection ? new DatabaseOptions(connection) : null;
        if (TestSilos.Count > 1) _redis = await RedisServer.StartAsync();
        _server = await ControlServer.StartAsync(new ServerOptions
        {
            DataDirectory = data,
            Database = database,
            Cluster = Cluster(),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AgentReaperProgram = Path.Combine(AppContext.BaseDirectory, "control"),
        });
        while (_silos.Count < TestSilos.Count - 1) _silos.Add(await ControlSilo.StartAsync(data, Cluster()!, database));
        Client = new ControlClient(new ClientOptions
        {
            Server = _server.Address,
            Fingerprint = _server.Fingerprint,
            Token = await AdminToken(),
        });
    }

    /// <summary>Somebody else, who may run and approve in one workspace.</summary>
    internal async Task<ControlClient> ClientOf(string name, string workspace, CancellationToken cancellationToken)
    {
        if (!_tokens.TryGetValue((name, workspace), out var token))
        {
            var made = await Client.CreateTokenAsync(new TokenRequest(name, [Scopes.Read, Scopes.Run, Scopes.Approve], [workspace], 1), cancellationToken);
            _tokens[(name, workspace)] = token = made.Value.Token;
        }

        return new ControlClient(new ClientOptions { Server = _server!.Address, Fingerprint = _server.Fingerprint, Token = token });
    }

    internal string Fingerprint => _server!.Fingerprint;

    internal async Task<string> AdminToken() => (await File.ReadAllTextAsync(_server!.AdminTokenFile)).Trim();

    /// <summary>A stranger who trusts the server by its fingerprint.</summary>
    internal HttpClient Http() => new(new HttpClientHandler
    {
        UseProxy = false,
        ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
            certificate is not null && Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)) == _server!.Fingerprint,
    })
    { BaseAddress = _server!.Address };

    public async Task DisposeAsync()
    {
        Client?.Dispose();
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_git is not null)
        {
            await _git.DisposeAsync();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private ClusterOptions? Cluster() =>
        _redis is null ? null : new ClusterOptions(_redis.Address, new IPEndPoint(IPAddress.Loopback, RedisServer.FreePort()));

    /// <summary>A folder that jobs of one scenario share, whatever users they run as.</summary>
    internal string Scratch(string name)
    {
        const UnixFileMode Everybody = (UnixFileMode)0b111_111_111;
        File.SetUnixFileMode(_folder, Everybody);
        var scratch = Directory.CreateDirectory(Path.Combine(_folder, "scratch", name)).FullName;
        File.SetUnixFileMode(scratch, Everybody);
        return scratch;
    }

    /// <summary>Publishes what a scenario below a folder needs, and gives what puts it in place of the @WORDS@ of its texts.</summary>
    internal async Task<Func<string, string>> Places(string root, string name)
    {
        var files = Path.Combine(root, name, "repo");
        var repository = Directory.Exists(files) ? await Publish(name, files) : new Repository("", "", "");
        var scratch = Scratch(name);
        if (name.EndsWith("image", StringComparison.Ordinal)) await BusyboxImage.EnsureAsync();
        return text => text
            .Replace("@REPOSITORY@", repository.Url, StringComparison.Ordinal)
            .Replace("@COMMIT@", repository.Main, StringComparison.Ordinal)
            .Replace("@OTHER@", repository.Other, StringComparison.Ordinal)
            .Replace("@IMAGE@", BusyboxImage.Name, StringComparison.Ordinal)
            .Replace("@SCRATCH@", scratch, StringComparison.Ordinal)
            .Replace("@GIT_USER@", GitUser, StringComparison.Ordinal)
            .Replace("@GIT_PASSWORD@", GitPassword, StringComparison.Ordinal);
    }

    /// <summary>Where a published scenario's repository is checked out.</summary>
    internal string WorkTree(string name) => Path.Combine(_folder, "work", name);

    /// <summary>
    /// Publishes a scenario's files: <c>main</c> with tag <c>v1</c> on it, and branch <c>other</c> with one commit and a file
    /// more.
    /// </summary>
    internal async Task<Repository> Publish(string name, string files)
    {
        var bare = Path.Combine(_folder, "git", $"{name}.git");
        var work = WorkTree(name);
        var main = await GitHttpServer.PublishAsync(files, bare);
        string[] author = ["-c", "user.name=Scenario", "-c", "user.email=scenario@example.org"];
        await GitHttpServer.Git(_folder, "clone", "--quiet", bare, work);
        await GitHttpServer.Git(work, [.. author, "tag", "-a", "v1", "-m", "The first"]);
        await GitHttpServer.Git(work, "checkout", "--quiet", "-b", "other");
        await File.WriteAllTextAsync(Path.Combine(work, "other.txt"), "from the other branch\n");
        await GitHttpServer.Git(work, "add", "--all");
        await GitHttpServer.Git(work, [.. author, "commit", "--quiet", "-m", "Add a file"]);
        await GitHttpServer.Git(work, "push", "--quiet", "origin", "v1", "other");
        var other = (await GitHttpServer.Git(work, "rev-parse", "HEAD")).Trim();
        return new Repository($"{_git!.Url}/{name}.git", main, other);
    }
}

/// <summary>A published repository.</summary>
internal sealed record Repository(string Url, string Main, string Other);
