using Control.Contracts.Errors;
using Control.Engine.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Pipelines;

public sealed class PipelineCommandTests
{
    private static readonly FieldError Bad = new("stages[0].jobs", "Must not be empty.", 4, 7);

    [Fact]
    public async Task Lint_LocalErrors_ArePrintedAsCompilersDo()
    {
        using var cli = new CliHarness { Adjust = services => services with { LintLocally = _ => [Bad, new FieldError("", "Too long.")] } };
        var file = cli.Write("p.yaml", "stages: []");

        var result = await cli.RunAsync("pipeline", "lint", "-f", file);

        Assert.Equal(ExitCodes.Failed, result.Code);
        Assert.Equal($"{file}:4:7: stages[0].jobs: Must not be empty.\n{file}:1:1: Too long.\n", result.Output);
    }

    [Fact]
    public async Task Lint_NoErrors_Succeeds()
    {
        using var cli = new CliHarness { Input = "x", Adjust = services => services with { LintLocally = _ => [] } };

        var result = await cli.RunAsync("pipeline", "lint", "-f", "-", "-q");

        Assert.Equal((0, "", ""), (result.Code, result.Output, result.Error));
    }

    [Fact]
    public async Task Lint_NoLocalLinter_AsksTheServer()
    {
        string? type = null;
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/api/v1/pipelines/lint", (HttpContext http) =>
        {
            type = http.Request.ContentType;
            return FakeServer.Json(new { valid = false, errors = new[] { Bad } });
        }));
        using var cli = new CliHarness { Input = "stages: []" }.At(server);

        var result = await cli.RunAsync("pipeline", "lint", "-f", "-");

        Assert.Equal("(standard input):4:7: stages[0].jobs: Must not be empty.\n", result.Output);
        Assert.StartsWith("application/yaml", type, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Put_ErrorsWithLines_PointsIntoTheFile()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapPut("/api/v1/workspaces/shop/pipelines/web", () =>
            Results.Json(Samples.Problem(400, "bad-request", "1 error.", null, new { field = "stages", message = "Missing.", line = 2, column = 1 }), statusCode: 400)));
        using var cli = new CliHarness().At(server);
        var file = cli.Write("p.yaml", "x: 1\n");

        var result = await cli.RunAsync("pipeline", "put", "web", "-f", file);

        Assert.Equal((ExitCodes.Failed, ""), (result.Code, result.Output));
        Assert.Equal($"{file}:2:1: stages: Missing.\nerror: {file} was not accepted.\n", result.Error);
    }

    [Theory]
    [InlineData("--if-version", "7", "If-Match", "\"7\"")]
    [InlineData("--create-only", "true", "If-None-Match", "*")]
    public async Task Put_Condition_IsSentAsHeader(string option, string value, string header, string expected)
    {
        string? sent = null;
        await using var server = await FakeServer.StartAsync(app => app.MapPut("/api/v1/workspaces/shop/pipelines/web", (HttpContext http) =>
        {
            sent = http.Request.Headers[header];
            return FakeServer.Json(Samples.Pipeline("web", 0));
        }));
        using var cli = new CliHarness { Input = "x: 1" }.At(server);

        var result = await cli.RunAsync("pipeline", "put", "web", "-f", "-", option, value);

        Assert.Equal((0, "shop/web version 1\n", expected), (result.Code, result.Output, sent));
    }

    [Fact]
    public async Task Put_FileTooLarge_IsRefusedBeforeSending()
    {
        using var cli = new CliHarness { Environment = { ["CONTROL_SERVER"] = "http://127.0.0.1:1", ["CONTROL_WORKSPACE"] = "shop" } };
        var file = cli.Write("p.yaml", new string('x', (256 * 1024) + 1));

        var result = await cli.RunAsync("pipeline", "put", "web", "-f", file);

        Assert.Equal(ExitCodes.Usage, result.Code);
        Assert.Contains("256 KiB", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Init_Starter_IsARightDefinition()
    {
        using var cli = new CliHarness();

        var result = await cli.RunAsync("pipeline", "init", "-f", "-");

        Assert.Empty(PipelineParser.Parse(result.Output).Errors);
    }

    [Fact]
    public async Task Init_FileIsThere_IsNotOverwritten()
    {
        using var cli = new CliHarness();
        var file = cli.PathOf("pipeline.yaml");

        Assert.Equal(0, (await cli.RunAsync("pipeline", "init", "-f", file)).Code);
        File.AppendAllText(file, "# mine");
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("pipeline", "init", "-f", file)).Code);

        Assert.EndsWith("# mine", File.ReadAllText(file), StringComparison.Ordinal);
    }
}
