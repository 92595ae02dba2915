using Control.Contracts.Groups;
using Control.Contracts.Runs;
using Microsoft.AspNetCore.Builder;

namespace Control.Cli.Tests.Groups;

public sealed class GroupCommandTests
{
    [Fact]
    public async Task Get_InUse_ShowsHoldersThenWaiters()
    {
        await using var server = await FakeServer.StartAsync(app =>
            app.MapGet("/api/v1/workspaces/shop/groups/{name}", (string name, string value) => FakeServer.Json(new GroupView(
                new GroupId("shop", name, value), 1, 120, [Claim(7, "build", Samples.T0)], [Claim(8, "", null)], 3))));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync(["group", "get", "preview:feature/login"]);

        Assert.Equal(0, result.Code);
        var lines = result.Output.Split('\n');
        Assert.Matches("^RUN +STATE +SINCE +LIMIT +ON LIMIT$", lines[0]);
        Assert.Matches("^web/7 build +has a place +.* 2 +cancelOldest$", lines[1]);
        Assert.Matches("^web/8 +waits +", lines[2]);
        Assert.Equal("… and 119 more: 1 have a place, 120 wait.", lines[3]);
    }

    [Fact]
    public async Task Get_NotAName_IsAUsageErrorAndAsksNobody()
    {
        await using var server = await FakeServer.StartAsync(_ => { });
        using var cli = new CliHarness().At(server);
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync(["group", "get", "No Name"])).Code);
    }

    private static ClaimView Claim(int run, string part, DateTimeOffset? granted) =>
        new(RunId.Parse($"shop/web/{run}"), part, 2, GroupOverflow.CancelOldest, Samples.T0, granted, false);
}
