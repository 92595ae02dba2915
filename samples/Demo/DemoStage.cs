using System.Net;
using System.Security.Cryptography;
using Control.Cli.Client;
using Control.Cli.Hosting;
using Control.Contracts.Pipelines;
using Control.Contracts.Workspaces;
using Control.TestKit;

namespace Control.Demo;

/// <summary>Everything the demo plays on: a Git repository behind HTTP and a server with an agent, in a folder that is deleted.</summary>
internal sealed class DemoStage : IAsyncDisposable
{
    public static readonly PipelineId Pipeline = new("demo", "notes");
    private const string Repository = "notes.git";

    private readonly string _folder;
    private readonly GitHttpServer _git;
    private readonly ControlServer _server;

    private DemoStage(string folder, GitHttpServer git, ControlServer server, ControlClient client, string commit)
    {
        (_folder, _git, _server) = (folder, git, server);
        (Client, Commit) = (client, commit);
    }

    public ControlClient Client { get; }

    /// <summary>The sample's commit.</summary>
    public string Commit { get; }

    public string RepositoryUrl => $"{_git.Url}/{Repository}";

    public Uri Address => _server.Address;

    /// <summary>Sets everything up; what it made is gone when this is disposed.</summary>
    public static async Task<DemoStage> SetAsync(string sample, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("control-demo-").FullName;
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var repositories = Directory.CreateDirectory(Path.Combine(folder, "git")).FullName;
        var commit = await GitHttpServer.PublishAsync(sample, Path.Combine(repositories, Repository));
        var git = await GitHttpServer.StartAsync(repositories, "demo", password);
        var server = await ControlServer.StartAsync(
            new ServerOptions { DataDirectory = Path.Combine(folder, "data"), Listen = new IPEndPoint(IPAddress.Loopback, 0) }, cancellationToken);
        var client = new ControlClient(new ClientOptions
        {
            Server = server.Address,
            Fingerprint = server.Fingerprint,
            Token = (await File.ReadAllTextAsync(server.AdminTokenFile, cancellationToken)).Trim(),
        });
        var stage = new DemoStage(folder, git, server, client, commit);
        await stage.Define(sample, password, cancellationToken);
        return stage;
    }

    /// <summary>The commit that a tag of the repository points to; null when there is no such tag.</summary>
    public async Task<string?> FindTag(string tag)
    {
        var refs = await GitHttpServer.Git(Path.Combine(_folder, "git", Repository), "for-each-ref", "--format=%(*objectname)", $"refs/tags/{tag}");
        return refs.Trim() is { Length: > 0 } commit ? commit : null;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        await _git.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task Define(string sample, string password, CancellationToken cancellationToken)
    {
        await Client.CreateWorkspaceAsync(Pipeline.Workspace, "The demo's", cancellationToken);
        await Client.SetSecretAsync(
            Pipeline.Workspace, "git", SecretKind.Password, new SecretValue(User: "demo", Password: password), cancellationToken);
        var definition = await File.ReadAllTextAsync(Path.Combine(sample, "pipeline.yaml"), cancellationToken);
        await Client.PutPipelineAsync(
            Pipeline, definition.Replace("@REPOSITORY@", RepositoryUrl, StringComparison.Ordinal), version: null, createOnly: true, cancellationToken);
    }
}
