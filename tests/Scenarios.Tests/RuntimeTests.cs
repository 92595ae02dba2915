using System.Text.Json;
using Control.Cli;
using Control.Cli.CommandLine;
using Control.Contracts;
using Control.Contracts.Runtime;
using Control.TestKit.Silos;

namespace Control.Scenarios.Tests;

/// <summary><c>control runtime</c> against a real server, and with further silos when the run of the tests has them.</summary>
public sealed class RuntimeTests(ScenarioServer server) : IClassFixture<ScenarioServer>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Runtime_OfAServer_ShowsItsSilosAndGrains()
    {
        var silos = await UntilAsync<SiloView>("silos", items => items.Count == TestSilos.Count && items.Exists(silo => silo.Grains.Any(grain => grain.Calls > 0)));
        Assert.All(silos, silo => Assert.Equal((SiloState.Active, TestSilo.Engine), (silo.State, silo.Engine.ToLowerInvariant())));
        Assert.All(silos, silo => Assert.Equal(TestSilos.Count > 1, silo.Address is not null));

        await UntilAsync<GrainTypeView>("grains", items => items.Exists(grain => grain is { Type: "scheduler", Calls: > 0, Activations: > 0 }));

        var history = await UntilAsync<SiloEventView>("history", _ => true);
        Assert.Equal(silos.Select(silo => silo.Id).Order(), history.Where(item => item.Event == "silo.joined").Select(item => item.Silo).Order());
    }

    // Rows are written every 5 s; a server tells nobody that it wrote one.
    private async Task<List<T>> UntilAsync<T>(string list, Predicate<List<T>> isIt)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        while (true)
        {
            var items = await RunAsync<T>(list);
            if (isIt(items)) return items;
            await pause.WaitForNextTickAsync(limit.Token);
        }
    }

    private async Task<List<T>> RunAsync<T>(string list)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var variables = new Dictionary<string, string>
        {
            ["HOME"] = Path.GetTempPath(),
            ["CONTROL_SERVER"] = server.Client.Server.ToString(),
            ["CONTROL_TOKEN"] = await server.AdminToken(),
            ["CONTROL_FINGERPRINT"] = server.Fingerprint,
        };
        var services = new CliServices
        {
            Terminal = new Terminal { Out = output, Error = error, In = TextReader.Null },
            Environment = name => variables.GetValueOrDefault(name),
        };
        var code = await CommandRunner.RunAsync(Program.CreateRoot(services), ["runtime", list, "--output", "json"], services);
        Assert.True(code == ExitCodes.Succeeded, error.ToString());
        using var document = JsonDocument.Parse(output.ToArray());
        return ContractJson.Read<List<T>>(document.RootElement.GetProperty("items").GetRawText());
    }
}
