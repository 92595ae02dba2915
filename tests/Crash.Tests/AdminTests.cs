using Control.Cli.Client;

namespace Control.Crash.Tests;

/// <summary>What whoever has the server's machine can do, and must not be able to do.</summary>
public sealed class AdminTests
{
    [Fact]
    public async Task RecoverAdmin_ServerRunning_NewTokenWorksAtOnce()
    {
        await using var site = await Site.Start();
        var lost = await site.AdminToken();

        await RecoverAdmin(site);

        Assert.NotEqual(lost, await site.AdminToken());
        await AssertAdmin(site);
    }

    [Fact]
    public async Task RecoverAdmin_ServerStopped_NewTokenWorksAfterTheStart()
    {
        await using var site = await Site.Start();
        Assert.Equal(0, await site.Server.Terminate());
        File.Delete(Path.Combine(site.Data, "admin-token"));

        await RecoverAdmin(site);

        await site.StartServer();
        await AssertAdmin(site);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(site.Data, "admin-token")));
    }

    [Fact]
    public async Task ServerRun_FolderOfARunningServer_IsRefusedAndTheFirstGoesOn()
    {
        await using var site = await Site.Start();

        await using var second = ControlProcess.Start(site.Folder, redis: null, site.ServerArguments(Site.FreePort()));

        Assert.StartsWith("error: Another server uses", await second.Line("Another server uses"), StringComparison.Ordinal);
        Assert.Equal(1, await second.Exit());
        await AssertAdmin(site);
    }

    [Fact]
    public async Task ServerRun_FolderOfAKilledServer_IsTaken()
    {
        await using var site = await Site.Start();

        await site.CrashServer();

        await AssertAdmin(site);
    }

    [Fact]
    public async Task AgentRun_WrongJoinToken_SaysSoAndFails()
    {
        await using var site = await Site.Start();
        var token = (await site.Client.CreateJoinTokenAsync(TimeSpan.FromHours(1), CancellationToken.None)).Value.Token.Split('.');
        var file = Path.Combine(site.Folder, "token");
        await File.WriteAllTextAsync(file, $"{token[0]}.{new string('0', token[1].Length)}.{token[2]}");

        await using var agent = ControlProcess.Start(
            site.Folder, redis: null, "agent", "run", "--to", $"https://127.0.0.1:{site.Port}", "--join-token-file", file, "--state", Path.Combine(site.Folder, "agent"));

        Assert.Contains("join token", await agent.Line("error: "), StringComparison.Ordinal);
        Assert.Equal(1, await agent.Exit());
    }

    private static async Task RecoverAdmin(Site site)
    {
        await using var recovery = ControlProcess.Start(site.Folder, redis: null, "server", "recover-admin", "--data", site.Data);
        Assert.Equal(0, await recovery.Exit());
    }

    private static async Task AssertAdmin(Site site)
    {
        using var client = site.ClientWith(await site.AdminToken());
        Assert.Contains("admin", (await client.WhoAmIAsync(CancellationToken.None)).Value.Scopes);
        await client.ListTokensAsync(PageQuery.All, CancellationToken.None);
    }
}
