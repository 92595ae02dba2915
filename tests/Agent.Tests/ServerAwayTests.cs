using System.Text;
using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Agent.Tests;

/// <summary>Lost and repeated messages, and a server that is away.</summary>
public class ServerAwayTests
{
    private static readonly string Numbers = string.Concat(Enumerable.Range(1, 60_000).Select(i => $"{i}\n"));

    [Fact]
    public async Task Order_DeliveredTwice_StartsOnce()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = TestAgent.Job(a => a, $"{life.Hold} sleep 1000");
        agent.Server.Order(job);
        agent.Server.Order(job);
        await life.ReadLineAsync();
        agent.Server.OrderOnce(new AgentOrdersMessage([job, job], [], []));
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Free: 1, Holding.Length: 1 });

        agent.Server.Stop(job);
        await agent.Server.EndOf(job);
        agent.Server.OrderOnce(new AgentOrdersMessage([job], [], []));
        var other = agent.Run("true");
        await agent.Server.EndOf(other);

        Assert.Equal(1, agent.Server.Reports.Count(r => r.Attempt == job.Assignment.Attempt && r.Kind == ReportKind.Started));
        Assert.Null(await life.ReadLineAsync());
    }

    [Fact]
    public async Task Order_SameAttemptUnderNewLease_StartsAgain()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run("true");
        await agent.Server.EndOf(job);

        agent.Server.Order(job with { Assignment = job.Assignment with { Lease = 2 } });

        await agent.Server.Until(() => agent.Server.Reports.Any(r => r is { Lease: 2, Kind: ReportKind.Started }));
    }

    [Fact]
    public async Task Stop_OfUnknownLease_ReportsStoppedAndNeverStartsIt()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = TestAgent.Job(a => a, "true");

        agent.Server.Stop(job);
        var report = await agent.Server.EndOf(job);
        agent.Server.OrderOnce(new AgentOrdersMessage([job], [], []));
        await agent.Server.EndOf(agent.Run("true"));

        Assert.Equal(ReportKind.Stopped, report.Kind);
        Assert.DoesNotContain(agent.Server.Reports, r => r.Attempt == job.Assignment.Attempt && r.Kind == ReportKind.Started);
    }

    [Theory]
    [InlineData(Fault.LoseAnswer)]
    [InlineData(Fault.LoseRequest)]
    internal async Task Log_AcksOrPiecesLost_ArrivesExactlyOnce(Fault fault)
    {
        await using var agent = await TestAgent.StartAsync();
        agent.Server.LogFault = count => count % 2 == 1 ? fault : Fault.None;

        var (report, log) = await agent.Server.ResultOf(agent.Run("seq 1 60000"));

        Assert.Equal(report.LogLength, Encoding.UTF8.GetByteCount(log));
        Assert.Contains($"s1\n{Numbers}== step 1 ended", log);
        Assert.True(agent.Server.Chunks.Count > 2);
        Assert.All(agent.Server.Chunks, chunk => Assert.InRange(chunk.Length, 1, 256 * 1024));
    }

    [Fact]
    public async Task Log_ServerHasAnotherLength_ContinuesFromThere()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var gate = agent.CreateGate();
        var job = agent.Run($"echo one; {life.Hold} {gate.Wait} echo two");
        await life.ReadLineAsync();
        await agent.Server.Until(() => Encoding.UTF8.GetString(agent.Server.Log(job.Assignment.Attempt)).EndsWith("one\n", StringComparison.Ordinal));

        // As after a restore of an older backup: the agent still has what the server lost.
        agent.Server.CutLog(job.Assignment.Attempt, 5);
        await gate.OpenAsync();
        var (_, log) = await agent.Server.ResultOf(job);

        Assert.StartsWith("== step 1: s1\none\ntwo\n== step 1 ended", log);
    }

    [Fact]
    public async Task Server_AwayWhileJobEnds_GetsReportAndLogAfterwards()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var gate = agent.CreateGate();
        var job = agent.Run($"{life.Hold} {gate.Wait} seq 1 60000");
        await life.ReadLineAsync();
        agent.Server.IsDown = true;
        await gate.OpenAsync();
        await life.EndAsync();
        await agent.Server.Until(() => agent.Server.Rejected > 2);
        Assert.DoesNotContain(agent.Server.Reports, r => r.Kind != ReportKind.Started);

        agent.Server.IsDown = false;
        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal(ReportKind.Succeeded, report.Kind);
        Assert.Contains($"s1\n{Numbers}== step 1 ended", log);
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Free: 2, Holding.Length: 0 });
    }

    [Fact]
    public async Task Report_AnswerLost_IsRepeatedAndSaysHowLongAgoItWas()
    {
        await using var agent = await TestAgent.StartAsync();
        var lost = 0;
        agent.Server.ReportFault = report => report.Kind == ReportKind.Succeeded && Interlocked.Increment(ref lost) == 1 ? Fault.LoseAnswer : Fault.None;
        var job = agent.Run("true");

        await agent.Server.Until(() => agent.Server.Reports.Count(r => r.Kind == ReportKind.Succeeded) == 2);

        var reports = agent.Server.Reports.Where(r => r.Kind == ReportKind.Succeeded).ToArray();
        Assert.Equal(reports[0] with { Outputs = reports[1].Outputs, Ago = reports[1].Ago }, reports[1]);
        Assert.NotEqual(reports[0].Ago, reports[1].Ago);
        Assert.Equal(job.Assignment.Attempt, reports[0].Attempt);
    }

    [Fact]
    public async Task OutOfTouch_NearlyAsLongAsAllowed_EndsTheJobAndSaysSoLater()
    {
        var time = new ManualTime();
        await using var agent = await TestAgent.StartAsync(time: time);
        var life = agent.CreateLifeLine();
        var job = agent.Run(a => a with { LostAfterSeconds = 60 }, $"{life.Hold} sleep 1000");
        await life.ReadLineAsync();
        agent.Server.IsDown = true;

        var ended = life.EndAsync();
        time.Advance(TimeSpan.FromSeconds(47));
        Assert.False(ended.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        await ended;

        agent.Server.IsDown = false;
        var report = agent.Server.EndOf(job);
        await time.AdvanceUntilAsync(report);
        Assert.Equal((ReportKind.Stopped, Reasons.AgentLost), ((await report).Kind, (await report).Reason));
    }

    [Fact]
    public async Task Poll_SequenceGrowsAndBootIsFresh()
    {
        await using var agent = await TestAgent.StartAsync();
        await agent.Server.EndOf(agent.Run("true"));
        await agent.Server.EndOf(agent.Run("true"));
        await agent.Host.StopAsync(CancellationToken.None);
        var first = agent.Server.Polls.ToArray();

        using var again = agent.Create();
        await again.StartAsync(CancellationToken.None);
        await agent.Server.Until(() => agent.Server.Polls.Count > first.Length);
        await again.StopAsync(CancellationToken.None);

        Assert.Equal(first.Length, first.Select(p => p.Sequence).Distinct().Count());
        Assert.Single(first.Select(p => p.BootId).Distinct());
        Assert.NotEqual(first[0].BootId, agent.Server.Polls.Last().BootId);
        Assert.Single(agent.Server.Joins);
    }
}
