using Control.Agent.Joining;
using Control.Contracts.Errors;

namespace Control.Agent.Tests;

public class JoinTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Join_AnswerLost_RepeatsTheSameRequest()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        test.Server.JoinFault = count => count <= 2 ? Fault.LoseAnswer : Fault.None;
        using var agent = test.Create();

        await agent.StartAsync(CancellationToken.None);
        var id = await agent.Joined.WaitAsync(Limit);
        await agent.StopAsync(CancellationToken.None);

        Assert.Equal(FakeServer.AgentName, id.Value);
        Assert.Equal(3, test.Server.Joins.Count);
        Assert.Single(test.Server.Joins.Select(j => (j.TokenId, j.CredentialSecret)).Distinct());
    }

    [Fact]
    public async Task Join_KilledBeforeTheAnswer_UsesTheSameSecretAgain()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        test.Server.JoinFault = _ => Fault.LoseAnswer;
        using (var first = test.Create())
        {
            await first.StartAsync(CancellationToken.None);
            await test.Server.Until(() => !test.Server.Joins.IsEmpty);
            await first.StopAsync(CancellationToken.None);
        }

        Assert.False(AgentHost.HasJoined(test.State));
        test.Server.JoinFault = _ => Fault.None;
        using var second = test.Create();
        await second.StartAsync(CancellationToken.None);
        await second.Joined.WaitAsync(Limit);
        await second.StopAsync(CancellationToken.None);
        Assert.True(AgentHost.HasJoined(test.State));

        Assert.Single(test.Server.Joins.Select(j => j.CredentialSecret).Distinct());
    }

    [Fact]
    public async Task JoinAsync_HandshakeBreaksOff_IsTriedAgainLater()
    {
        using var server = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        server.Start();
        var url = new Uri($"https://{server.LocalEndpoint}");
        using var link = new Link.ServerLink([url], Link.ServerLink.CreateHandler([url], null), TimeProvider.System);
        var joining = link.JoinAsync(new("id", "secret", "own", "builder", [], 1, "1"), CancellationToken.None);
        using (var client = await server.AcceptTcpClientAsync())
        {
            Assert.True(await client.GetStream().ReadAsync(new byte[1]) > 0);
        }

        Assert.Equal(Link.Verdict.Away, (await joining).Verdict);
    }

    [Theory]
    [InlineData("https://127.0.0.1:7443", false)]
    [InlineData("https://localhost:7443", false)]
    [InlineData("https://[::1]:7443", false)]
    [InlineData("https://control.example.com", true)]
    public void CreateHandler_ServerOnThisMachine_IsReachedWithoutProxy(string server, bool usesProxy)
    {
        using var handler = Link.ServerLink.CreateHandler([new Uri(server)], null);

        Assert.Equal(usesProxy, handler.UseProxy);
    }

    [Fact]
    public async Task Join_WrongFingerprint_IsRefusedBeforeTheTokenIsSent()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        var (certificate, other) = FakeServer.CreateCertificate();
        certificate.Dispose();
        using var agent = test.Create(options => options.JoinToken = $"cjt_token.joinsecret.{other}");

        await agent.StartAsync(CancellationToken.None);
        var fault = await Assert.ThrowsAsync<ControlException>(() => agent.Joined.WaitAsync(Limit));

        Assert.Equal("server-certificate", fault.Code);
        Assert.Empty(test.Server.Joins);
    }

    [Fact]
    public async Task Join_NoFingerprintAndUnknownAuthority_IsRefused()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        using var agent = test.Create(options => options.JoinToken = "cjt_token.joinsecret");

        await agent.StartAsync(CancellationToken.None);
        var fault = await Assert.ThrowsAsync<ControlException>(() => agent.Joined.WaitAsync(Limit));

        Assert.Equal("server-certificate", fault.Code);
    }

    [Fact]
    public async Task Join_UnknownToken_FaultsWithTheCure()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        using var agent = test.Create(options => options.JoinToken = $"cjt_token.other.{test.Server.Fingerprint}");

        await agent.StartAsync(CancellationToken.None);
        var fault = await Assert.ThrowsAsync<ControlException>(() => agent.Joined.WaitAsync(Limit));

        Assert.Equal("join-refused", fault.Code);
        Assert.DoesNotContain("other", fault.Message);
    }

    [Fact]
    public async Task Join_Done_KeepsCredentialForThisUserOnly()
    {
        await using var test = await TestAgent.StartAsync();

        var mode = File.GetUnixFileMode(Path.Combine(test.State, "credential.json"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(test.State));
    }

    [Fact]
    public async Task Start_StateFolderInUse_Faults()
    {
        await using var test = await TestAgent.StartAsync();
        using var second = test.Create();

        await second.StartAsync(CancellationToken.None);
        var fault = await Assert.ThrowsAsync<ControlException>(() => second.Joined.WaitAsync(Limit));

        Assert.Equal("state-folder", fault.Code);
    }

    [Theory]
    [InlineData("cjt_id.secret", true)]
    [InlineData("cjt_id.secret.0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789", true)]
    [InlineData("cjt_id.secret.0123", false)]
    [InlineData("cjt_id.", false)]
    [InlineData("cjt_id", false)]
    [InlineData("ctt_id.secret", false)]
    [InlineData(null, false)]
    public void TryParse_Token_AcceptsItsShapesOnly(string? text, bool valid) =>
        Assert.Equal(valid, JoinToken.TryParse(text, out _));

    [Fact]
    public void Validate_EverythingWrong_NamesEveryFieldAtOnce()
    {
        var options = new AgentOptions
        {
            Server = new Uri("http://control"),
            StateDirectory = "relative",
            JoinToken = "secret-looking",
            Name = "Not A Name",
            Labels = ["UPPER"],
            Capacity = 0,
            SpoolQuotaBytes = 1,
            StopGrace = TimeSpan.FromHours(1),
        };

        var fault = Assert.Throws<ControlException>(options.Validate);

        Assert.Equal(8, fault.Fields.Length);
        Assert.DoesNotContain("secret-looking", fault.Message);
    }
}
