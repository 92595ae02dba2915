using System.Globalization;
using Control.Cli.Client;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;

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
    public async Task ServerAndSiloRun_DatabaseAway_SayWhatToDo()
    {
        var folder = Directory.CreateTempSubdirectory("control-crash-").FullName;
        string[] where = ["--data", folder, "--database", "Host=127.0.0.1;Port=1;Database=none;Username=none", "--cluster-listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Site.FreePort()}")];
        foreach (var program in (string[])["server", "silo"])
        {
            // The server has made the silos' certificate by the time it fails.
            await using var process = ControlProcess.Start(folder, "127.0.0.1:1", [program, "run", .. where]);
            Assert.Equal(1, await process.Exit());
            Assert.Contains("error: PostgreSQL at 127.0.0.1 cannot be reached", await process.AllOutput(), StringComparison.Ordinal);
        }

        Directory.Delete(folder, recursive: true);
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

    [Fact]
    public async Task RotateKey_ServerRunning_SealsWithItAtOnceAndTheRestAnew_AcrossACrash()
    {
        await using var site = await Site.Start(insideCapacity: 1);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        var pipeline = await site.Define("sealed", """
            stages:
              - name: use
                jobs:
                  all:
                    secrets: { OLD: old, NEW: new, OWN: own }
                    steps: ['test "$OLD$NEW$OWN" = old-valuenew-valueown-value']
            """);
        await site.Client.SetSecretAsync("crash", "old", SecretKind.Text, new SecretValue("old-value"), limit.Token);
        await site.Client.SetSecretAsync(pipeline, "own", SecretKind.Text, new SecretValue("own-value"), limit.Token);
        Assert.Equal([(1, 2)], Uses(await Keys(site, "list")));

        await Keys(site, "rotate");
        await site.Client.SetSecretAsync("crash", "new", SecretKind.Text, new SecretValue("new-value"), limit.Token);

        await UntilSealedAnew(site, [(1, 0), (2, 3)], limit.Token);
        await site.Attempt(await site.StartRun(pipeline), "use.all/1", AttemptState.Succeeded, limit.Token);

        // Killed before it has noticed, or at work: the next server goes on.
        await Keys(site, "rotate");
        await site.Server.DisposeAsync();
        await site.StartServer(insideCapacity: 1);
        await UntilSealedAnew(site, [(1, 0), (2, 0), (3, 3)], limit.Token);
        await site.Attempt(await site.StartRun(pipeline), "use.all/1", AttemptState.Succeeded, limit.Token);
        Assert.Contains("Older keys are needed for 24 hours", await Keys(site, "retire", exitCode: 1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerAndAgent_Running_HaveNoCoreDumps()
    {
        await using var site = await Site.Start();
        var agent = await site.StartAgent("one");

        foreach (var process in (int[])[site.Server.Id, agent.Id])
        {
            Assert.Matches("Max core file size +0 +0 ", await File.ReadAllTextAsync($"/proc/{process}/limits"));
        }
    }

    private static async Task<string> Keys(Site site, string what, int exitCode = 0)
    {
        await using var command = ControlProcess.Start(site.Folder, redis: null, "server", "key", what, "--data", site.Data);
        var code = await command.Exit();
        var output = await command.AllOutput();
        Assert.True(exitCode == code, output);
        return output;
    }

    // Each call is a process, whose time is pause enough.
    private static async Task UntilSealedAnew(Site site, (int, int)[] uses, CancellationToken cancellationToken)
    {
        for (var seen = await Keys(site, "list"); !Uses(seen).SequenceEqual(uses); seen = await Keys(site, "list"))
        {
            Assert.False(cancellationToken.IsCancellationRequested, seen);
        }
    }

    private static IEnumerable<(int Key, int Secrets)> Uses(string table) => table.Split('\n')
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(cells => cells is [_, "current" or "old", ..])
        .Select(cells => (int.Parse(cells[0], CultureInfo.InvariantCulture), int.Parse(cells[2], CultureInfo.InvariantCulture)));

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
