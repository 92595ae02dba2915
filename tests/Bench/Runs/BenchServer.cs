using System.Globalization;
using System.Net;
using Control.Cli.Client;
using Control.Cli.Hosting;
using Control.Contracts.Pipelines;
using Control.TestKit.Silos;

namespace Control.Bench.Runs;

/// <summary>A whole server on an empty store with durable commits, and a client of it over HTTPS.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-bench-");
    private ControlServer _server = null!;

    public ControlClient Client { get; private set; } = null!;

    /// <summary>Starts it.</summary>
    /// <param name="seed">Fills the store's folder before; null leaves it empty.</param>
    /// <param name="database">The PostgreSQL that holds the state; null for SQLite in the folder.</param>
    public static async Task<BenchServer> StartAsync(Func<string, Task>? seed = null, string? database = null)
    {
        var bench = new BenchServer();
        await (seed?.Invoke(bench._folder.FullName) ?? Task.CompletedTask);
        bench._server = await ControlServer.StartAsync(new ServerOptions
        {
            DataDirectory = bench._folder.FullName,
            Database = database is null ? null : new DatabaseOptions(database),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AgentCapacity = 0,
        });
        bench.Client = new ControlClient(new ClientOptions
        {
            Server = bench._server.Address,
            Fingerprint = bench._server.Fingerprint,
            Token = (await File.ReadAllTextAsync(bench._server.AdminTokenFile)).Trim(),
        });
        return bench;
    }

    public async Task DefineAsync(PipelineId pipeline, string definition)
    {
        await Client.CreateWorkspaceAsync(pipeline.Workspace, "", default);
        await Client.PutPipelineAsync(pipeline, definition, version: null, createOnly: true, default);
    }

    public Task<BenchAgent> JoinAsync(string name, int capacity) =>
        BenchAgent.JoinAsync(Client, _server.Address, _server.Fingerprint, name, capacity);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>One line of the output.</summary>
    public static void Print(TextWriter output, string name, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}.{TestSilo.Engine} {value:0.###} {unit}"));
}
