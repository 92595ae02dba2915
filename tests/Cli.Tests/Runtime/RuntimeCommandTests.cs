using System.Text.Json;
using Control.Contracts.Runtime;
using Microsoft.AspNetCore.Builder;

namespace Control.Cli.Tests.Runtime;

public sealed class RuntimeCommandTests : IAsyncLifetime
{
    private readonly CliHarness _cli = new();
    private FakeServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeServer.StartAsync(app =>
        {
            app.MapGet("/api/v1/runtime/silos", (string? limit) => FakeServer.Json(new { items = new[] { Silo("0123456789abcdef", SiloState.Active), Silo("fedcba9876543210", SiloState.Lost) }, nextCursor = limit is null ? null : "more" }));
            app.MapGet("/api/v1/runtime/grains", () => FakeServer.Json(new { items = new[] { new GrainTypeView("run", 2, 40, 1000, 3, 123.4, 0.1, 0.25, 12.5, 2, 9), new GrainTypeView("pool", 1, 1, 0, 0, 0, 0, null, null, 0, 0) } }));
            app.MapGet("/api/v1/runtime/hot", () => FakeServer.Json(new { items = new[] { new HotGrainView("run/shop/web/12", "0123456789abcdef", 50, 2, 1), new HotGrainView("agent/a\e[2J", null, 0, 0, 7) } }));
            app.MapGet("/api/v1/runtime/history", () => FakeServer.Json(new { items = new[] { new SiloEventView("fedcba9876543210", "host-b", "10.0.0.2:11111", "silo.lost", Samples.T0, Samples.T0, "0123456789abcdef") } }));
        });
        _cli.At(_server);
    }

    public async Task DisposeAsync()
    {
        _cli.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Silos_Table_HasALineForEach()
    {
        var result = await _cli.RunAsync("runtime", "silos");
        Assert.Equal((0, ""), (result.Code, result.Error));
        var lines = result.Output.Split('\n');
        Assert.Matches("^SILO +NAME +ADDRESS +ENGINE +VERSION +STATE +STARTED +SEEN +CPU +MEMORY +HEAP +GRAINS +CALLS/S +EXECUTING +UNANSWERED$", lines[0]);
        Assert.Matches("^01234567 +host-a +alone +Embedded +0.1.0 +active +.* 150% +64M +32M +41 +12.5 +2 +3$", lines[1]);
        Assert.Matches("^fedcba98 .* lost ", lines[2]);
    }

    [Fact]
    public async Task Silos_OfAPage_SayHowToGoOn() =>
        Assert.Contains("--cursor more", (await _cli.RunAsync("runtime", "silos", "--limit", "2")).Error, StringComparison.Ordinal);

    [Fact]
    public async Task Silos_Json_IsTheServersDocument()
    {
        var result = await _cli.RunAsync("runtime", "silos", "--output", "json");
        var items = JsonDocument.Parse(result.Output).RootElement.GetProperty("items");
        Assert.Equal((2, "0123456789abcdef"), (items.GetArrayLength(), items[0].GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Grains_Table_HasFiguresOfEachClass()
    {
        var lines = (await _cli.RunAsync("runtime", "grains")).Output.Split('\n');
        Assert.Matches("^CLASS +SILOS +GRAINS +CALLS +FAULTS +CALLS/S +FAULTS/S +P50 +P99 +EXECUTING +WAITING$", lines[0]);
        Assert.Matches("^run +2 +40 +1000 +3 +123 +0.1 +0.25ms +12.5ms +2 +9$", lines[1]);
        Assert.Matches("^pool +1 +1 +0 +0 +0.0 +0.0 +- +- +0 +0$", lines[2]);
    }

    [Fact]
    public async Task Hot_Table_ShowsRangesAndCleansNames()
    {
        var lines = (await _cli.RunAsync("runtime", "hot")).Output.Split('\n');
        Assert.Matches("^run/shop/web/12 +01234567 +48.0-50.0 +1$", lines[1]);
        Assert.Matches("^agent/a\uFFFD.* +- +0.0 +7$", lines[2]);
    }

    [Fact]
    public async Task History_Table_TellsWhoWasLostAndWhoNoticed() => Assert.Matches(
        "2026-08-01T12:00:00Z +silo.lost +fedcba98 +host-b +10.0.0.2:11111 +01234567\n", (await _cli.RunAsync("runtime", "history")).Output);

    private static SiloView Silo(string id, SiloState state) => new(
        id, "host-a", null, "Embedded", "0.1.0", state, Samples.T0, Samples.T0, new SiloProcess(7, 2, 60, 1.5, 64 << 20, 32 << 20, 9), 41, 2, 3,
        [new GrainFigures("run", 40, 1000, 3, 10, 0, 2, 3, []), new GrainFigures("pool", 1, 5, 0, 2.5, 0, 0, 0, [])], [], []);
}
