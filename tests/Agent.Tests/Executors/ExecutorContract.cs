using System.Collections.Immutable;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Tests.Executors;

/// <summary>What every executor has to do, seen from the server: each one has a class that runs all of this against it.</summary>
public abstract class ExecutorContract
{
    /// <summary>An agent with the executor.</summary>
    private protected abstract Task<TestAgent> StartAsync();

    /// <summary>A step that does something.</summary>
    private protected abstract StepSpec Step(Act act);

    /// <summary>Makes an assignment one for the executor.</summary>
    private protected virtual Assignment Place(Assignment assignment) => assignment;

    private protected AssignmentMessage Order(TestAgent agent, Func<Assignment, Assignment> change, params Act[] acts)
    {
        var message = Job(change, acts);
        agent.Server.Order(message);
        return message;
    }

    private AssignmentMessage Job(Func<Assignment, Assignment> change, params Act[] acts) =>
        TestAgent.Job(assignment => change(Place(assignment with { Steps = [.. acts.Select(Step)] })));

    [ContractFact]
    public async Task Success_Reports0AndItsOutputs()
    {
        await using var agent = await StartAsync();
        var job = Order(agent, a => a with { Outputs = ["VERSION", "NEVER"] }, new Act { Lines = 1 }, new Act { Output = "VERSION=1.2" }, new Act { Output = "OTHER=3" });

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Equal((null, 0), (report.Reason, report.ExitCode));
        Assert.Equal([new("VERSION", "1.2")], report.Outputs);
    }

    [ContractFact]
    public async Task Failure_ReportsItsCodeAndRunsNoFurtherStep()
    {
        await using var agent = await StartAsync();
        var job = Order(agent, a => a, new Act { Lines = 1, Exit = 42 }, new Act { Lines = 2 });

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.StepFailed, 42), (report.Kind, report.Reason, report.ExitCode));
        Assert.Contains("line 1\n", log);
        Assert.DoesNotContain("line 2\n", log);
    }

    [ContractFact]
    public async Task BadOutputs_Fail()
    {
        await using var agent = await StartAsync();
        var job = Order(agent, a => a with { Outputs = ["A"] }, new Act { Output = "no equals sign" });

        Assert.Equal((ReportKind.Failed, Reasons.BadOutputs), await EndOf(agent, job));
    }

    [ContractFact]
    public async Task Timeout_OfStep_FailsAndLeavesTheAgentFree()
    {
        await using var agent = await StartAsync();
        var job = Order(agent, a => a with { Steps = [a.Steps[0] with { TimeoutSeconds = 1 }, a.Steps[1]] }, new Act { Hangs = true }, new Act { Lines = 2 });

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.TimedOut), (report.Kind, report.Reason));
        Assert.Contains("step 1", report.Message);
        Assert.DoesNotContain("line 2\n", log);
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Holding.Length: 0 });
    }

    [ContractFact]
    public async Task Timeout_OfAttempt_Fails()
    {
        await using var agent = await StartAsync();
        var job = Order(agent, a => a with { TimeoutSeconds = 2 }, new Act { Hangs = true });

        Assert.Equal((ReportKind.Failed, Reasons.TimedOut), await EndOf(agent, job));
    }

    [ContractFact]
    public async Task Stop_InMidRun_IsReportedAsStopped()
    {
        await using var agent = await StartAsync();
        var job = Order(agent, a => a, new Act { Lines = 1, Hangs = true });
        await LineOf(agent, job, "line 1");

        agent.Server.Stop(job);
        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Stopped, Reasons.Cancelled), (report.Kind, report.Reason));
        Assert.StartsWith("Stopped.", report.Message);
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Holding.Length: 0 });
    }

    [ContractFact]
    public async Task Stop_BeforeAnythingRan_IsReportedAsStopped()
    {
        await using var agent = await StartAsync();
        var job = Job(a => a, new Act { Hangs = true });
        agent.Server.OrderOnce(new AgentOrdersMessage([job], [FakeServer.LeaseOf(job)], []));
        agent.Server.Stop(job);

        Assert.Equal((ReportKind.Stopped, Reasons.Cancelled), await EndOf(agent, job));
    }

    [ContractFact]
    public async Task Output_ManyLinesOfManySteps_ArriveInOrder()
    {
        await using var agent = await StartAsync();
        var job = Order(agent, a => a, new Act { Lines = 2000 }, new Act { Lines = 2000 });

        var (_, log) = await agent.Server.ResultOf(job);

        var lines = log.Split('\n').Where(line => line.StartsWith("line ", StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(0, 4000).Select(i => $"line {(i % 2000) + 1}"), lines);
    }

    [ContractFact]
    public async Task Environment_IsLayeredAndLiteral()
    {
        await using var agent = await StartAsync();
        const string nasty = "two words; $(id) 'quoted' \"twice\" `tick` \\n \\ %s ü #";
        const string lines = "first\nsecond\n";
        var print = new Act { Prints = ["A", "B", "C", "D", "CONTROL_ATTEMPT_ID"] };
        var job = Job(a => a with { Env = [new EnvVar("A", "job"), new EnvVar("B", nasty), new EnvVar("C", lines), new EnvVar("CONTROL_ATTEMPT_ID", "mine"), .. a.Env] }, print)
            with
        { SecretValues = ImmutableSortedDictionary<string, string>.Empty.Add("D", "s3cr3t-value").Add("A", "of a secret") };
        job = job with { Assignment = job.Assignment with { Steps = [job.Assignment.Steps[0] with { Env = [new EnvVar("A", "step"), .. job.Assignment.Steps[0].Env] }] } };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains($"\nstep\n{nasty}\n{lines}\n***\n{job.Assignment.Attempt}\n", log);
    }

    [ContractFact]
    public async Task TwoAtATime_DoNotMeet()
    {
        await using var agent = await StartAsync();
        var one = Order(agent, a => a with { Outputs = ["A"] }, new Act { Lines = 1 }, new Act { Output = "A=one" });
        var two = Order(agent, a => a with { Outputs = ["A"] }, new Act { Lines = 1 }, new Act { Output = "A=two" });

        Assert.Equal("one", (await agent.Server.EndOf(one)).Outputs["A"]);
        Assert.Equal("two", (await agent.Server.EndOf(two)).Outputs["A"]);
    }

    private protected static async Task LineOf(TestAgent agent, AssignmentMessage job, string line) =>
        await agent.Server.Until(() => System.Text.Encoding.UTF8.GetString(agent.Server.Log(job.Assignment.Attempt)).Split('\n').Contains(line));

    private static async Task<(ReportKind, string?)> EndOf(TestAgent agent, AssignmentMessage job)
    {
        var report = await agent.Server.EndOf(job);
        return (report.Kind, report.Reason);
    }
}
