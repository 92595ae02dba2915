using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Completion;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("bash", "\"run start\") control complete pipelines")]
    [InlineData("bash", "complete -o default -F _control control")]
    [InlineData("zsh", "#compdef control")]
    [InlineData("zsh", "\"workspace use\") control complete workspaces")]
    [InlineData("fish", "-n \"__control_at ' run'\" -a approve")]
    [InlineData("fish", "-n \"__control_at ' run start'\" -l follow -d")]
    public async Task Completion_Script_KnowsCommandsAndNames(string shell, string part)
    {
        using var cli = new CliHarness();

        var result = await cli.RunAsync("completion", shell);

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains(part, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\"complete\")", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("control run st", "start")]
    [InlineData("control --output json run appr", "approve")]
    [InlineData("control run start --fol", "--follow")]
    [InlineData("control work", "workspace")]
    public async Task BashScript_WordBegun_IsCompleted(string line, string expected)
    {
        using var cli = new CliHarness();
        var script = cli.Write("control.bash", (await cli.RunAsync("completion", "bash")).Output);
        var driver = $"source '{script}'; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _control; echo \"${{COMPREPLY[*]}}\"";

        Assert.Equal(expected, await BashAsync(driver));
    }

    [Fact]
    public async Task Complete_Pipelines_PrintsNames()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet(
            "/api/v1/workspaces/shop/pipelines",
            () => FakeServer.Json(new { items = new[] { Samples.Pipeline("api", 0), Samples.Pipeline("web", 0) } })));
        using var cli = new CliHarness().At(server);

        Assert.Equal("api\nweb\n", (await cli.RunAsync("complete", "pipelines")).Output);
    }

    [Fact]
    public async Task Complete_ServerRefuses_PrintsNothing()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapFallback(() => Results.StatusCode(403)));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("complete", "workspaces");

        Assert.Equal((0, "", ""), (result.Code, result.Output, result.Error));
    }

    private static async Task<string> BashAsync(string script)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        using var bash = Process.Start(start)!;
        var errors = bash.StandardError.ReadToEndAsync();
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.Equal("", await errors);
        return output.Trim();
    }
}
