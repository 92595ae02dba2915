using Control.Contracts.Clusters;
using Control.Storage.Secrets;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Tests.Clusters;

public sealed class ClusterTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Kubeconfig = """
        clusters: [{ name: c, cluster: { server: 'https://10.0.0.1:6443' } }, { name: other, cluster: { server: 'https://10.0.0.2:6443' } }]
        users: [{ name: u, user: { token: very-secret } }, { name: admin, user: { username: a, password: very-secret } }]
        contexts: [{ name: one, context: { cluster: c, user: u } }, { name: two, context: { cluster: other, user: admin } }]
        current-context: one
        """;

    [Theory]
    [InlineData(null, "https://10.0.0.1:6443", "token")]
    [InlineData("two", "https://10.0.0.2:6443", "password")]
    public async Task Create_ByAKubeconfig_ItsContextReachesTheGrainSealed(string? context, string server, string credential)
    {
        using var admin = host.Client(host.Admin);
        var answer = await admin.PostAsync("clusters", Json(new { name = $"c-{credential}", description = "ours", kubeconfig = Kubeconfig, context }));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal($"/api/v1/clusters/c-{credential}", answer.Headers.Location?.ToString());
        Assert.DoesNotContain("very-secret", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        var target = host.Grains.Commands.OfType<CreateCluster>().Last().Target;
        Assert.Equal((server, credential), (target.Server, target.Credential));
        var opened = Encoding.UTF8.GetString(host.App.Services.GetRequiredService<SecretBox>().Open(target.Sealed.Sealed, ClusterAccessSecret.Context($"c-{credential}")));
        Assert.Contains("very-secret", opened, StringComparison.Ordinal);
        // Only what is needed: nothing of the other context.
        Assert.DoesNotContain(context is null ? "10.0.0.2" : "10.0.0.1", opened, StringComparison.Ordinal);

        Assert.Equal(server, (await (await admin.GetAsync($"clusters/c-{credential}")).JsonAsync()).GetProperty("server").GetString());
        Assert.Contains($"c-{credential}", await (await admin.GetAsync("clusters")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_Wrong_EveryFieldNamed()
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PostAsync("clusters", Json(new { name = "A", kubeconfig = "" }))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal(["name", "kubeconfig"], problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()));

        const string foreign = "clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: /etc/shadow}}]\nusers: [{name: u, user: {exec: {command: sh}}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]";
        problem = await (await admin.PostAsync("clusters", Json(new { name = "a", kubeconfig = foreign }))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal(
            ["kubeconfig.clusters[0].cluster.certificate-authority", "kubeconfig.users[0].user.exec"],
            problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()));
    }

    [Fact]
    public async Task PutAccess_CheckUpdateAndDelete_ReachTheGrain()
    {
        using var admin = host.Client(host.Admin);
        await admin.PostAsync("clusters", Json(new { name = "prod", kubeconfig = Kubeconfig }));
        Assert.Equal(HttpStatusCode.OK, (await admin.PutAsync("clusters/prod/access", Json(new { kubeconfig = Kubeconfig, context = "two" }))).StatusCode);
        Assert.Equal("https://10.0.0.2:6443", host.Grains.Commands.OfType<ReplaceClusterAccess>().Last().Target.Server);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync("clusters/prod/check", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.PutAsync("clusters/prod", Json(new { description = "x" }))).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync("clusters/prod")).StatusCode);
        Assert.Contains("prod Check", host.Grains.Calls);
        await (await admin.GetAsync("clusters/none")).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Clusters_ForTokensOfWorkspaces_AreNotToBeSeen()
    {
        var token = await host.Seed.TokenAsync("team-reader", ApiHost.Later, Scopes.All, "team");
        using var bound = host.Client(token);
        await (await bound.GetAsync("clusters")).ProblemAsync(HttpStatusCode.Forbidden, "workspace-bound");
        await (await bound.GetAsync("clusters/prod")).ProblemAsync(HttpStatusCode.Forbidden, "workspace-bound");
    }

    private static StringContent Json(object body) => Requests.Json(JsonSerializer.Serialize(body));
}
