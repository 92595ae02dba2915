using Control.Cli.Client;
using Control.Contracts.Workspaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Client;

public sealed class ControlClientTests
{
    private static readonly WorkspaceView Shop = new("shop", "", Samples.T0, Samples.Alice, 1);

    [Fact]
    public async Task Post_ConnectionBreaksAfterSending_RepeatsWithTheSameKey()
    {
        var keys = new List<string>();
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/api/v1/workspaces", (HttpContext http) =>
        {
            keys.Add(http.Request.Headers["Idempotency-Key"].ToString());
            if (keys.Count == 1)
            {
                http.Abort();
            }

            return FakeServer.Json(Shop);
        }));
        using var client = server.Client();

        var answer = await client.CreateWorkspaceAsync("shop", "", CancellationToken.None);

        Assert.Equal("shop", answer.Value.Name);
        Assert.Equal(2, keys.Count);
        Assert.NotEmpty(keys[0]);
        Assert.Equal(keys[0], keys[1]);
    }

    [Fact]
    public async Task Post_TwoRequests_HaveDifferentKeys()
    {
        var keys = new List<string>();
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/api/v1/workspaces", (HttpContext http) =>
        {
            keys.Add(http.Request.Headers["Idempotency-Key"].ToString());
            return FakeServer.Json(Shop);
        }));
        using var client = server.Client();

        await client.CreateWorkspaceAsync("shop", "", CancellationToken.None);
        await client.CreateWorkspaceAsync("shop", "", CancellationToken.None);

        Assert.NotEqual(keys[0], keys[1]);
    }

    [Fact]
    public async Task Post_FirstStillAtWork_AsksAgain()
    {
        var calls = 0;
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/api/v1/workspaces", () => ++calls == 1
            ? Results.Json(Samples.Problem(409, "idempotency-in-progress", "Wait."), statusCode: 409)
            : FakeServer.Json(Shop)));
        using var client = server.Client();

        await client.CreateWorkspaceAsync("shop", "", CancellationToken.None);

        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Put_ConnectionBreaksAfterSending_IsNotRepeated()
    {
        var calls = 0;
        await using var server = await FakeServer.StartAsync(app => app.MapPut("/api/v1/workspaces/shop", (HttpContext http) =>
        {
            calls++;
            http.Abort();
        }));
        using var client = server.Client();

        await Assert.ThrowsAsync<ServerUnreachableException>(() => client.UpdateWorkspaceAsync("shop", "", null, CancellationToken.None));

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Get_ServerBusyOnce_IsRepeated()
    {
        var calls = 0;
        await using var server = await FakeServer.StartAsync(app =>
            app.MapGet("/api/v1/workspaces/shop", () => ++calls == 1 ? Results.StatusCode(503) : FakeServer.Json(Shop)));
        using var client = server.Client();

        await client.GetWorkspaceAsync("shop", CancellationToken.None);

        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Post_ServerCannotTakeItForLong_IsRepeatedWithItsKeyUntilItCan()
    {
        var keys = new List<string?>();
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/api/v1/workspaces", (HttpContext http) =>
        {
            keys.Add(http.Request.Headers["Idempotency-Key"]);
            return keys.Count <= 10 ? Results.StatusCode(503) : FakeServer.Json(Shop);
        }));
        using var client = server.Client(patience: TimeSpan.FromMinutes(1));

        await client.CreateWorkspaceAsync("shop", "", CancellationToken.None);

        Assert.Equal(11, keys.Count);
        Assert.Single(keys.Distinct());
        Assert.NotNull(keys[0]);
    }

    [Fact]
    public async Task Post_ServerStaysBusy_ItsRefusalIsTold()
    {
        var calls = 0;
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/api/v1/workspaces", () => Results.StatusCode(++calls > 0 ? 503 : 200)));
        using var client = server.Client();

        var e = await Assert.ThrowsAsync<ProblemException>(() => client.CreateWorkspaceAsync("shop", "", CancellationToken.None));

        Assert.Equal((503, 4), (e.Problem.Status, calls));
    }

    [Fact]
    public async Task Get_Redirected_DoesNotCarryTheTokenElsewhere()
    {
        var followed = false;
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapGet("/api/v1/workspaces/shop", () => Results.Redirect("/elsewhere"));
            app.MapGet("/elsewhere", () => { followed = true; });
        });
        using var client = server.Client();

        var e = await Assert.ThrowsAsync<ProblemException>(() => client.GetWorkspaceAsync("shop", CancellationToken.None));

        Assert.Equal(302, e.Problem.Status);
        Assert.False(followed);
    }

    [Fact]
    public async Task Get_NobodyListens_IsUnreachableWithTheCure()
    {
        Uri address;
        await using (var server = await FakeServer.StartAsync(_ => { }))
        {
            address = server.Address;
        }

        using var client = new ControlClient(new ClientOptions { Server = address, BackOff = TimeSpan.FromMilliseconds(1) });

        var e = await Assert.ThrowsAsync<ServerUnreachableException>(() => client.GetWorkspaceAsync("shop", CancellationToken.None));
        Assert.Contains("Check the address", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_NamesWithSpecialCharacters_AreEscaped()
    {
        string? path = null;
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/api/v1/workspaces/{name}", (HttpContext http) =>
        {
            path = http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            return FakeServer.Json(Shop);
        }));
        using var client = server.Client();

        await client.GetWorkspaceAsync("../tokens?x#y", CancellationToken.None);

        Assert.Equal("/api/v1/workspaces/..%2Ftokens%3Fx%23y", path);
    }

    [Theory]
    [InlineData("http://control.example.org", null)]
    [InlineData("ftp://127.0.0.1", null)]
    [InlineData("https://control.example.org", "abc")]
    public void Constructor_UnsafeOptions_AreRefused(string server, string? fingerprint) =>
        Assert.Throws<ArgumentException>(() => new ControlClient(new ClientOptions { Server = new Uri(server), Fingerprint = fingerprint }));
}
