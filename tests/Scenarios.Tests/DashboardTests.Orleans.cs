using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Control.Cli.Client;
using Control.Contracts.Access;

namespace Control.Scenarios.Tests;

/// <summary>The engine's page is for administrators, who may come with a browser; nothing else takes a password.</summary>
public sealed class DashboardTests(ScenarioServer server) : IClassFixture<ScenarioServer>
{
    [Fact]
    public async Task Dashboard_OnlyForAdministrators_WhoseTokenIsTheirPassword()
    {
        using var http = server.Http();
        var reader = (await server.Client.CreateTokenAsync(new TokenRequest("reader", [Scopes.Read], [], 1), default)).Value.Token;
        var admin = await server.AdminToken();

        Assert.StartsWith("Basic ", (await Get(http, "/dashboard/", null)).Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Get(http, "/dashboard/", Password("wrong"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await Get(http, "/dashboard/", Password(reader))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Get(http, "/dashboard/", Password(admin))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Get(http, "/dashboard/ClusterStats", new AuthenticationHeaderValue("Bearer", admin))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Get(http, "/api/v1/workspaces", Password(admin))).StatusCode);
    }

    private static AuthenticationHeaderValue Password(string token) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"anyone:{token}")));

    private static async Task<HttpResponseMessage> Get(HttpClient http, string path, AuthenticationHeaderValue? credentials)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = credentials;
        return await http.SendAsync(request);
    }
}
