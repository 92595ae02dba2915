using Control.Contracts.Workspaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Workspaces;

public sealed class SecretCommandTests
{
    private string? _body;

    [Theory]
    [InlineData("line\n", """{"kind":"text","text":"line"}""", "--stdin")]
    [InlineData("pass\r\n", """{"kind":"password","user":"bob","password":"pass"}""", "--stdin", "--kind", "password", "--user", "bob")]
    [InlineData("key\n", """{"kind":"sshKey","text":"key\n"}""", "--stdin", "--kind", "sshKey")]
    public async Task Set_FromStandardInput_SendsTheShapeOfItsKind(string input, string body, params string[] options)
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = input }.At(server);

        var result = await cli.RunAsync(["secret", "set", "npm", .. options]);

        Assert.Equal((0, "npm\n", body), (result.Code, result.Output, _body));
    }

    [Theory]
    [InlineData("web")]
    [InlineData("shop/web")]
    public async Task Set_OfAPipeline_GoesToThatPipeline(string pipeline)
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = "x" }.At(server);

        var result = await cli.RunAsync("secret", "set", "npm", "--stdin", "--pipeline", pipeline);

        Assert.Equal((0, "npm\n", """web {"kind":"text","text":"x"}"""), (result.Code, result.Output, _body));
        Assert.Equal(0, (await cli.RunAsync("secret", "delete", "npm", "--pipeline", pipeline)).Code);
        Assert.Equal("web deleted", _body);
        Assert.Contains("npm", (await cli.RunAsync("secret", "list", "--pipeline", pipeline)).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("secret", "delete", "npm", "--pipeline", "a/b/c")).Code);
    }

    [Theory]
    [InlineData("secret", "set", "npm", "the-value")]
    [InlineData("secret", "set", "npm")]
    [InlineData("secret", "set", "npm", "--stdin", "--kind", "password")]
    [InlineData("secret", "set", "npm", "--stdin", "--user", "bob")]
    public async Task Set_ValueInArgumentsOrMissing_IsRefused(params string[] arguments)
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = "x" }.At(server);

        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync(arguments)).Code);
        Assert.Null(_body);
    }

    private static SecretView Npm => new("npm", SecretKind.Text, Samples.T0, Samples.Alice);

    private Task<FakeServer> StartAsync() => FakeServer.StartAsync(app =>
    {
        const string own = "/api/v1/workspaces/shop/pipelines/{pipeline}/secrets";
        app.MapPut("/api/v1/workspaces/shop/secrets/npm", async (HttpContext http) =>
        {
            _body = await new StreamReader(http.Request.Body).ReadToEndAsync();
            return FakeServer.Json(Npm);
        });
        app.MapPut($"{own}/npm", async (HttpContext http, string pipeline) =>
        {
            _body = $"{pipeline} {await new StreamReader(http.Request.Body).ReadToEndAsync()}";
            return FakeServer.Json(Npm);
        });
        app.MapDelete($"{own}/npm", (string pipeline) =>
        {
            _body = $"{pipeline} deleted";
            return Results.NoContent();
        });
        app.MapGet(own, () => FakeServer.Json(new { items = new[] { Npm } }));
    });
}
