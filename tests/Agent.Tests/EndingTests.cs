using System.Diagnostics;
using Control.Agent.Processes;
using Control.Contracts.Runs;

namespace Control.Agent.Tests;

/// <summary>Whatever ends a job, nothing of it is left when the report says so.</summary>
public class EndingTests
{
    // Children in the background, in other process groups, in other sessions, deaf to SIGTERM, forked twice.
    private const string Escapees = """
        sleep 1000 &
        nohup sleep 1001 >/dev/null 2>&1 &
        setsid sleep 1002 &
        setsid sh -c 'trap "" TERM HUP; setsid sh -c "trap \"\" TERM; sleep 1003; sleep 1004" & sleep 1005' >/dev/null 2>&1 &
        (sleep 1006 &) &
        """;

    [Fact]
    public async Task Stop_RunningTree_ReportsOnlyWhenAllAreGone()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run($"{life.Hold}\n{Escapees}\necho all >&9; wait");
        Assert.Equal("ready", await life.ReadLineAsync());
        Assert.Equal("all", await life.ReadLineAsync());

        agent.Server.Stop(job);
        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Stopped, Reasons.Cancelled), (report.Kind, report.Reason));
        await life.EndAsync(1);
    }

    [Fact]
    public async Task Stop_OfDeafAndAwayProcesses_ReportsWhatItFound()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run($$"""
            {{life.Hold}}
            sh -c 'trap "" TERM; echo deaf >&9; while :; do sleep 1000; done' &
            wait_for=$!
            setsid sh -c 'echo away >&9; exec sleep 1000' &
            wait "$wait_for"
            """);
        string[] said = [await life.ReadLineAsync() ?? "", await life.ReadLineAsync() ?? "", await life.ReadLineAsync() ?? ""];
        Assert.Equal(["away", "deaf", "ready"], said.Order(StringComparer.Ordinal));

        agent.Server.Stop(job);
        var (report, log) = await agent.Server.ResultOf(job);

        var cleanup = report.Cleanup!;
        Assert.InRange(cleanup.Found, 3, 5);
        Assert.Equal(1, cleanup.Escaped);
        Assert.InRange(cleanup.Terminated, 2, 3);
        Assert.InRange(cleanup.Killed, 1, 2);
        Assert.True(cleanup.Terminated + cleanup.Killed >= cleanup.Found);
        Assert.True(cleanup.TookMilliseconds >= 1000, "The deaf one had its grace.");
        Assert.Contains($"== ended: {cleanup.Terminated + cleanup.Killed} processes were ended {cleanup.Terminated} when asked and {cleanup.Killed} by force, 1 out of its session, in ", log);
    }

    [Fact]
    public async Task Stop_JobThatCleansUp_LetsItFinish()
    {
        await using var agent = await TestAgent.StartAsync(options => options.StopGrace = TimeSpan.FromSeconds(30));
        var life = agent.CreateLifeLine();
        var job = agent.Run($"trap 'echo cleaned up; exit 0' TERM; {life.Hold} sleep 1000 & wait");
        await life.ReadLineAsync();

        agent.Server.Stop(job);
        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal(ReportKind.Stopped, report.Kind);
        Assert.Equal(0, report.Cleanup!.Killed);
        Assert.Contains("cleaned up", log);
    }

    [Fact]
    public async Task Stop_ProcessThatBecomesAnotherInsteadOfEnding_IsAskedAgain()
    {
        await using var agent = await TestAgent.StartAsync(options => options.StopGrace = TimeSpan.FromSeconds(60));
        var life = agent.CreateLifeLine();
        // As a shell's fork does that is asked before it has become its command. The last one has ears, and is asked once.
        var job = agent.Run($$"""
            trap 'echo cleaned up; exit 0' TERM
            sh -c 'trap "exec sleep 1000" TERM; {{life.Hold}} sleep 1000 & wait' &
            sh -c 'trap "echo heard; exit 0" TERM; {{life.Hold}} sleep 1000 & wait' &
            wait
            """);
        await life.ReadLineAsync();
        await life.ReadLineAsync();

        agent.Server.Stop(job);
        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal(0, report.Cleanup!.Killed);
        Assert.Equal(2, log.Split("heard").Length);
        Assert.Contains("cleaned up", log);
    }

    [Fact]
    public async Task Timeout_OfStep_EndsTreeAndFails()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run(a => a with { Steps = [a.Steps[0] with { TimeoutSeconds = 1 }] }, $"{life.Hold}\n{Escapees}\nwait");

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.TimedOut), (report.Kind, report.Reason));
        Assert.Contains("step 1", report.Message);
        Assert.True(report.Cleanup is { Found: > 0, Killed: > 0 });
        await life.EndAsync(1);
    }

    [Fact]
    public async Task Timeout_OfAttempt_EndsTreeAndFails()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run(a => a with { TimeoutSeconds = 1 }, $"{life.Hold}\n{Escapees}\nwait");

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.TimedOut), (report.Kind, report.Reason));
        await life.EndAsync(1);
    }

    [Fact]
    public async Task Success_LeavesBackgroundProcesses_EndsThemBeforeTheReport()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run($"{life.Hold}\n{Escapees}", "echo second step");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal(ReportKind.Succeeded, report.Kind);
        Assert.Contains("left running and ended:", log);
        Assert.True(report.Cleanup is { Found: > 0 });
        Assert.Contains("second step", log);
        await life.EndAsync(1);
    }

    [Fact]
    public async Task Forget_RunningJob_EndsItWithoutAReport()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run($"{life.Hold} sleep 1000");
        await life.ReadLineAsync();
        await agent.Server.Until(() => agent.Server.Polls.Any(p => p.Holding.Length == 1));

        agent.Server.Forget(job);
        await life.EndAsync();
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Free: 2, Holding.Length: 0 });

        Assert.DoesNotContain(agent.Server.Reports, r => r.Kind != ReportKind.Started);
    }

    [Fact]
    public async Task Report_RefusedAsStale_EndsAndForgets()
    {
        await using var agent = await TestAgent.StartAsync();
        agent.Server.ReportFault = _ => Fault.LoseRequest;
        var life = agent.CreateLifeLine();
        agent.Run($"{life.Hold} sleep 1000");
        await life.ReadLineAsync();

        // The report of the start, which has been tried in vain so far.
        agent.Server.RefusesReports = true;
        await life.EndAsync();
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Free: 2, Holding.Length: 0 });

        Assert.Empty(agent.Server.Reports);
    }

    [Fact]
    public async Task Log_RefusedAsStale_EndsAndForgets()
    {
        await using var agent = await TestAgent.StartAsync();
        agent.Server.LogFault = _ => Fault.LoseRequest;
        var life = agent.CreateLifeLine();
        agent.Run($"{life.Hold} echo something; sleep 1000");
        await life.ReadLineAsync();

        agent.Server.RefusesLogs = true;
        await life.EndAsync();
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Free: 2, Holding.Length: 0 });

        Assert.DoesNotContain(agent.Server.Reports, r => r.Kind != ReportKind.Started);
    }

    [Fact]
    public async Task Stop_OfAgent_EndsJobsAndSaysSo()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run($"{life.Hold} sleep 1000");
        await life.ReadLineAsync();

        await agent.Host.StopAsync(CancellationToken.None);

        Assert.Equal(ReportKind.Stopped, (await agent.Server.EndOf(job)).Kind);
        await life.EndAsync(1);
    }

    [Fact]
    public async Task Removed_Agent_EndsJobsAndFaults()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        agent.Run($"{life.Hold} sleep 1000");
        await life.ReadLineAsync();

        agent.Server.HasRemovedAgent = true;
        agent.Server.OrderOnce(new Contracts.Agents.AgentOrdersMessage([], [], []));
        var fault = await Assert.ThrowsAsync<Contracts.Errors.ControlException>(() => agent.Host.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(30)));

        Assert.Equal("agent-removed", fault.Code);
        await life.EndAsync(1);
    }

    [Fact]
    public async Task Kill_OfAgentProcess_LeavesNothing()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        await test.KillAgentProcessWhileAsync(Escapees);
    }

    [Fact]
    public async Task Start_AfterABootThatLeftProcesses_EndsThemFirst()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        using (var first = test.Create())
        {
            await first.StartAsync(CancellationToken.None);
            await first.Joined;
            await first.StopAsync(CancellationToken.None);
        }

        using var credential = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(test.State, "credential.json")));
        var life = test.CreateLifeLine();
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"{life.Hold} setsid sleep 1000 & wait"]);
        start.Environment[Mark.Variable] = Mark.OfJob(Mark.OfBoot(credential.RootElement.GetProperty("installation").GetString()!, "earlier"), 1);
        using var leftover = Process.Start(start)!;
        await life.ReadLineAsync();
        var folder = Path.Combine(test.Work, credential.RootElement.GetProperty("installation").GetString()!, "leftover");
        Directory.CreateDirectory(folder);

        using var second = test.Create();
        await second.StartAsync(CancellationToken.None);
        await second.Joined;

        await life.EndAsync(1);
        Assert.False(Directory.Exists(folder));
        await second.StopAsync(CancellationToken.None);
    }
}
