using Control.Cli.Client;
using Control.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Access;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class LoginCommandTests
{
    private readonly List<string> _tokens = [];

    [Fact]
    public async Task Login_TokenOnStandardInputAndFingerprint_RemembersThemForTheOwnerOnly()
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = "ctt_a.b\n" };

        var result = await cli.RunAsync(
            "login", server.Address.ToString(), "--token-stdin", "--fingerprint", server.Fingerprint, "--context", "test", "-w", "shop");

        Assert.Equal(0, result.Code);
        Assert.Equal(["Bearer ctt_a.b"], _tokens);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(cli.ConfigPath));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.GetDirectoryName(cli.ConfigPath)!));
        Assert.Equal(0, (await cli.RunAsync("whoami")).Code);
        Assert.DoesNotContain("ctt_a.b", (await cli.RunAsync("context", "list", "-o", "json")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_UnknownCertificateAndNobodyToAsk_FailsWithFingerprintAndCureAndSendsNothing()
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = "ctt_a.b" };

        var result = await cli.RunAsync("login", server.Address.ToString(), "--token-stdin");

        Assert.Equal(ExitCodes.NoAccess, result.Code);
        Assert.Contains(server.Fingerprint, result.Error, StringComparison.Ordinal);
        Assert.Contains("--fingerprint", result.Error, StringComparison.Ordinal);
        Assert.Empty(_tokens);
        Assert.False(File.Exists(cli.ConfigPath));
    }

    [Theory]
    [InlineData("y\n", 0, 1)]
    [InlineData("\n", ExitCodes.NoAccess, 0)]
    public async Task Login_UnknownCertificateAndSomeoneToAsk_DoesAsAnswered(string reply, int code, int requests)
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { CanAsk = true, Hidden = "ctt_a.b", Input = reply };

        var result = await cli.RunAsync("login", server.Address.ToString());

        Assert.Equal((code, requests), (result.Code, _tokens.Count));
    }

    [Fact]
    public async Task Login_TokenAsArgument_IsNotAccepted()
    {
        using var cli = new CliHarness();

        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("login", "https://127.0.0.1:1", "ctt_a.b")).Code);
    }

    [Fact]
    public async Task AnyCommand_ServerNamedThatIsNotTheContexts_DoesNotGetTheRememberedToken()
    {
        await using var server = await StartAsync();
        await using var other = await FakeServer.StartAsync(app => app.MapGet("/api/v1/whoami", (HttpContext http) =>
        {
            _tokens.Add(http.Request.Headers.Authorization.ToString());
            return Results.Json(Samples.Problem(401, "unauthorized", "Send a token."), statusCode: 401);
        }));
        using var cli = new CliHarness { Input = "ctt_a.b" };
        await cli.RunAsync("login", server.Address.ToString(), "--token-stdin", "--fingerprint", server.Fingerprint);
        _tokens.Clear();

        var result = await cli.RunAsync("whoami", "--server", other.Address.ToString());

        Assert.Equal(ExitCodes.NoAccess, result.Code);
        Assert.Contains("control login", result.Error, StringComparison.Ordinal);
        Assert.Equal([""], _tokens);
    }

    [Fact]
    public async Task Logout_AfterLogin_ForgetsTheToken()
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = "ctt_a.b" };
        await cli.RunAsync("login", server.Address.ToString(), "--token-stdin", "--fingerprint", server.Fingerprint);

        Assert.Equal(0, (await cli.RunAsync("logout")).Code);

        Assert.DoesNotContain("ctt_", File.ReadAllText(cli.ConfigPath), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("whoami")).Code);
    }

    [Fact]
    public async Task AnyCommand_ConfigReadableByOthers_Warns()
    {
        using var cli = new CliHarness { Environment = { ["CONTROL_SERVER"] = "http://127.0.0.1:1" } };
        var path = cli.Write("config.json", """{"contexts":[]}""");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        cli.Environment["CONTROL_CONFIG"] = path;

        Assert.Contains("chmod 600", (await cli.RunAsync("workspace", "get", "x")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"contexts":[{"token":"x"}]}""")]
    public async Task AnyCommand_ConfigDamaged_SaysSo(string text)
    {
        using var cli = new CliHarness();
        cli.Environment["CONTROL_CONFIG"] = cli.Write("config.json", text);

        var result = await cli.RunAsync("whoami");

        Assert.Equal(ExitCodes.Usage, result.Code);
        Assert.Contains("is damaged", result.Error, StringComparison.Ordinal);
    }

    private Task<FakeServer> StartAsync() => FakeServer.StartAsync(
        app => app.MapGet("/api/v1/whoami", (HttpContext http) =>
        {
            _tokens.Add(http.Request.Headers.Authorization.ToString());
            return FakeServer.Json(new Identity("t1", "alice", ["admin"], [], Samples.T0));
        }),
        https: true);
}
