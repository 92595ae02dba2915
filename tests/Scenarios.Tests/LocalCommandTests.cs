using System.Diagnostics;
using Control.Cli;
using Control.Contracts;
using Control.Contracts.Runs;
using Control.TestKit;

namespace Control.Scenarios.Tests;

/// <summary><c>control pipeline run --local</c> as a process, as it is typed.</summary>
public sealed class LocalCommandTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("control-local-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Local_TheFolderAsItIs_WithNewAndChangedFilesAndWithoutIgnoredOrDeletedOnes()
    {
        await RepositoryAsync();
        Write("repo/changed.txt", "changed here\n");
        Write("repo/new.txt", "new\n");
        Write("repo/ignored.txt", "ignored\n");
        File.Delete(Path.Combine(_folder, "repo", "gone.txt"));
        Write("p.yaml", """
            source: { repository: "https://git.example.org/never/asked.git" }
            stages:
              - name: look
                jobs:
                  files:
                    secrets: { TOKEN: token }
                    steps: ['ls', 'cat changed.txt', 'git log -1 --format=subject:%s', 'echo "token <$TOKEN>"', 'echo mine > new.txt']
            """);
        Write("token", "very-secret-value");

        var (code, output, error) = await RunAsync("-f", PathOf("p.yaml"), "--source", PathOf("repo"), "--secret", $"token=@{PathOf("token")}");

        Assert.True(code == ExitCodes.Succeeded, output + error);
        Assert.Contains("look.files | changed here\n", output, StringComparison.Ordinal);
        Assert.Contains("look.files | new.txt\n", output, StringComparison.Ordinal);
        Assert.Contains("look.files | subject:First\n", output, StringComparison.Ordinal);
        Assert.Contains("look.files | token <***>\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("ignored.txt", output, StringComparison.Ordinal);
        Assert.DoesNotContain("gone.txt", output, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret-value", output + error, StringComparison.Ordinal);
        Assert.Contains("✔ look", output, StringComparison.Ordinal);
        Assert.Equal("new\n", await File.ReadAllTextAsync(PathOf("repo/new.txt")));
    }

    [Fact]
    public async Task Local_InPlace_ChangesTheFolderItself()
    {
        await RepositoryAsync();
        Write("p.yaml", "{ source: { repository: \"https://git.example.org/a.git\" }, stages: [{ name: s, jobs: { j: { steps: [\"echo made > made.txt\", \"exit 3\"] } } }] }");

        var (code, output, error) = await RunAsync("-f", PathOf("p.yaml"), "--source", PathOf("repo"), "--in-place");

        Assert.True(code == ExitCodes.Failed, output + error);
        Assert.Equal("made\n", await File.ReadAllTextAsync(PathOf("repo/made.txt")));
        Assert.Contains("StepFailed (exit 3)", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Local_Gates_AreAnsweredBeforehandOrRejectedWhereNobodyIsThere()
    {
        Write("p.yaml", """
            stages:
              - name: ask
                gate: { count: 2, ownApproval: false, parameters: { WHERE: { type: choice, choices: [here, there] } } }
                jobs: { j: { steps: ['echo "going $WHERE"'] } }
            """);

        var approved = await RunAsync("-f", PathOf("p.yaml"), "--approve", "ask", "--gate-param", "ask.WHERE=there");
        var wrong = await RunAsync("-f", PathOf("p.yaml"), "--yes", "--gate-param", "ask.WHERE=nowhere");
        var nobody = await RunAsync("-f", PathOf("p.yaml"));

        Assert.True(approved.Code == ExitCodes.Succeeded, approved.Output + approved.Error);
        Assert.Contains("ask.j | going there\n", approved.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Failed, wrong.Code);
        Assert.Contains("parameters.WHERE", wrong.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Failed, nobody.Code);
        Assert.Contains("--approve ask", nobody.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Local_ChosenJob_RunsWithWhatItNeedsAndWhatAlwaysRuns()
    {
        Write("p.yaml", """
            stages:
              - name: build
                jobs:
                  one: { steps: ["true"] }
                  two: { needs: [one], steps: ["true"] }
                  three: { steps: ["true"] }
              - name: after
                jobs: { all: { steps: ["true"] } }
            finally: { clean: { steps: ["true"] } }
            """);

        var (code, output, error) = await RunAsync("-f", PathOf("p.yaml"), "--job", "build.two", "-o", "json");

        Assert.True(code == ExitCodes.Succeeded, output + error);
        var run = ContractJson.Read<RunView>(output);
        Assert.Equal([StageState.Succeeded, StageState.Skipped, StageState.Succeeded], run.Stages.Select(stage => stage.State));
        Assert.Equal(["three"], run.Stages[0].Details.Where(job => job.Skipped is not null).Select(job => job.Name));
    }

    [Fact]
    public async Task Local_SecretOnTheCommandLine_IsRefusedWithoutShowingIt()
    {
        Write("p.yaml", "stages: [{ name: s, jobs: { j: { steps: [\"true\"] } } }]");

        var (code, output, error) = await RunAsync("-f", PathOf("p.yaml"), "--secret", "token=very-secret-value");

        Assert.Equal(ExitCodes.Usage, code);
        Assert.DoesNotContain("very-secret-value", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Local_CtrlC_StopsTheProcessesAndCleansUp_AndASecondOneStopsThatToo()
    {
        Write("p.yaml", """
            stages:
              - name: build
                jobs:
                  long:
                    steps: ['setsid sleep 600 < /dev/null > /dev/null 2>&1 & echo "PID=$!"; echo "PID=$$"; echo ready; sleep 600']
            finally:
              clean: { steps: ['echo "PID=$$"; echo cleaning; sleep 600'] }
            """);
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var process = Start("-f", PathOf("p.yaml"));
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var output = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            output.Add(line);
            if (line is "build.long | ready" or "finally.clean | cleaning")
            {
                using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
            }
        }

        await process.WaitForExitAsync(limit.Token);

        Assert.True(process.ExitCode == ExitCodes.Cancelled, string.Join('\n', output) + await error);
        var numbers = output.Where(line => line.Contains("| PID=", StringComparison.Ordinal)).Select(line => line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..]).ToList();
        Assert.Equal(3, numbers.Count);
        Assert.All(numbers, number => Assert.True(Verdict.IsGone(number), $"Process {number} is still there."));
        Assert.Contains(output, line => line.StartsWith("■ finally", StringComparison.Ordinal));
    }

    private async Task RepositoryAsync()
    {
        Write("repo/changed.txt", "as committed\n");
        Write("repo/gone.txt", "gone\n");
        Write("repo/.gitignore", "ignored.txt\n");
        var repo = PathOf("repo");
        await GitHttpServer.Git(repo, "init", "--quiet", "--initial-branch=main");
        await GitHttpServer.Git(repo, "add", "--all");
        await GitHttpServer.Git(repo, "-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "commit", "--quiet", "-m", "First");
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllText(PathOf(name), text);
    }

    // A test run that was put into the background ignores SIGINT, and so would what it starts.
    private Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(
        "env", ["--default-signal=INT", Path.Combine(AppContext.BaseDirectory, "control"), "pipeline", "run", "--local", .. arguments])
    {
        WorkingDirectory = _folder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var process = Start(arguments);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }
}
