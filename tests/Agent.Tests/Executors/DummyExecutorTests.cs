using System.Globalization;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Tests.Executors;

/// <summary>What steps would do stands in their environment.</summary>
public class DummyExecutorTests : ExecutorContract
{
    private protected override Task<TestAgent> StartAsync() => TestAgent.StartAsync(options => options.IsDummy = true);

    private protected override StepSpec Step(Act act) => new("act", "exit 99", "sh", "",
    [
        new EnvVar("DUMMY_LOG_LINES", act.Lines.ToString(CultureInfo.InvariantCulture)),
        new EnvVar("DUMMY_PRINT", string.Join(' ', act.Prints)),
        .. act.Output is null ? [] : (EnvVar[])[new EnvVar("DUMMY_OUTPUT", act.Output)],
        new EnvVar("DUMMY_HANG", act.Hangs ? "1" : "0"),
        new EnvVar("DUMMY_EXIT", act.Exit.ToString(CultureInfo.InvariantCulture)),
    ], 0);

    [Fact]
    public async Task Fault_IsTheAgents()
    {
        await using var agent = await StartAsync();
        var job = agent.Run(a => a with { Env = [new EnvVar("DUMMY_FAULT", "The disk is full.")] }, "exit 99");

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (report.Kind, report.Reason));
        Assert.Contains("The disk is full.", report.Message);
    }

    [Fact]
    public async Task Sleep_TakesItsTime()
    {
        var time = new ManualTime();
        await using var agent = await TestAgent.StartAsync(options => options.IsDummy = true, time);
        var job = agent.Run(a => a with { Env = [new EnvVar("DUMMY_SLEEP", "2.5"), new EnvVar("DUMMY_LOG_LINES", "1")] }, "exit 99");
        await agent.Server.Until(() => agent.Server.Reports.Any(report => report.Kind == ReportKind.Started));

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.DoesNotContain(agent.Server.Reports, report => report.Kind == ReportKind.Succeeded);
        // The start is reported beside the work: the sleep may begin only now.
        var end = agent.Server.EndOf(job);
        await time.AdvanceUntilAsync(end);

        Assert.Equal(ReportKind.Succeeded, (await end).Kind);
    }

    [Fact]
    public async Task Job_StartsNoProcessAndHasNoFolder()
    {
        await using var agent = await StartAsync();
        var job = agent.Run($"touch {agent.Folder}/ran");

        Assert.Equal(ReportKind.Succeeded, (await agent.Server.EndOf(job)).Kind);

        Assert.False(File.Exists(Path.Combine(agent.Folder, "ran")));
        Assert.Empty(Directory.GetFileSystemEntries(Directory.GetDirectories(agent.Work).Single()));
    }
}
