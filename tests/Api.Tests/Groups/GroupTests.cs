using Control.Contracts.Groups;

namespace Control.Api.Tests.Groups;

public sealed class GroupTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("deploy", "deploy")]
    [InlineData("preview:feature/login", "preview?value=feature/login")]
    public async Task Get_InUse_TellsWhoHasAPlaceAndWhoWaits(string name, string path)
    {
        var id = await PutAsync(name);
        using var admin = host.Client(host.Admin);

        var group = await (await admin.GetAsync($"workspaces/team/groups/{path}")).JsonAsync();

        Assert.Equal((id.ToString(), 1), (group.GetProperty("id").GetString(), group.GetProperty("holding").GetInt32()));
        Assert.Equal("team/web/1", group.GetProperty("holders")[0].GetProperty("run").GetString());
        Assert.Equal("cancelOldest", group.GetProperty("waiters")[0].GetProperty("overflow").GetString());
        var list = await (await admin.GetAsync("workspaces/team/groups")).JsonAsync();
        Assert.Contains(list.GetProperty("items").EnumerateArray(), item => item.GetProperty("id").GetString() == id.ToString());
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("Not-A-Name")]
    [InlineData("deploy?value=nobody")]
    [InlineData("deploy?value=%00")]
    public async Task Get_NotInUse_Answers404(string name)
    {
        using var admin = host.Client(host.Admin);
        await (await admin.GetAsync($"workspaces/team/groups/{name}")).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Get_OfAnotherWorkspace_Answers404()
    {
        await PutAsync("foreign");
        var token = await host.Seed.TokenAsync("elsewhere", ApiHost.Later, [Scopes.Admin], "other");
        using var stranger = host.Client(token);
        await (await stranger.GetAsync("workspaces/team/groups/foreign")).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    private async Task<GroupId> PutAsync(string name)
    {
        var id = GroupId.Parse($"team/{name}");
        ClaimView Claim(int run, DateTimeOffset? granted) =>
            new(RunId.Parse($"team/web/{run}"), "", 1, GroupOverflow.CancelOldest, Seed.Then, granted, false);
        await host.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Group, id.ToString()),
            version => new GroupView(id, 1, 1, [Claim(1, Seed.Then)], [Claim(2, null)], version),
            "team",
            "team");
        return id;
    }
}
