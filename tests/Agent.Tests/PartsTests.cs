using System.Diagnostics;
using System.Text;
using Control.Agent.Jobs;
using Control.Agent.Link;
using Control.Agent.Executors.Containers;
using Control.Agent.Logs;
using Control.Agent.Processes;
using Control.Engine.Logs;

namespace Control.Agent.Tests;

public class PartsTests
{
    [Theory]
    [InlineData("42 (sh) S 1 42 41 0 -1", 41)]
    [InlineData("42 (a ) R) b) R 1 42 7 0 -1", 7)]
    [InlineData("42 (sh) Z 1 42 41 0 -1", null)]
    public void ParseStat_OfAProcess_FindsSessionOfTheLiving(string stat, int? session) =>
        Assert.Equal(session, ProcessTable.ParseStat(Encoding.ASCII.GetBytes(stat))?.Session);

    [Theory]
    [InlineData("A=1\0CONTROL_MARK=i/b/1/\0B=2\0", "i/b/", true)]
    [InlineData("CONTROL_MARK=outer/x/1/ i/b/1/\0", "i/b/", true)]
    [InlineData("CONTROL_MARK=i/b2/1/\0", "i/b/", false)]
    [InlineData("MY_CONTROL_MARK=i/b/1/\0", "i/b/", false)]
    [InlineData("A=CONTROL_MARK=i/b/1/\0", "i/b/", false)]
    [InlineData("", "i/b/", false)]
    public void IsIn_Environment_FindsOwnMarksOnly(string environment, string prefix, bool expected) =>
        Assert.Equal(expected, Mark.IsIn(Encoding.ASCII.GetBytes(environment), Encoding.ASCII.GetBytes(prefix)));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("0123456789abcdef-no-slash")]
    public async Task Reaper_ArgumentsOfNoAgent_Refuses(string mark) =>
        Assert.Equal(2, await ReaperProcess.RunAsync([mark, "/nowhere"], Stream.Null));

    [Fact]
    public async Task Reaper_EndOfInput_EndsWatchedSessionsOnly()
    {
        using var watched = await SleepAsync();
        using var released = await SleepAsync();
        var lines = $"+{watched.Id}\n+{released.Id}\n-{released.Id}\ngarbage\n+1\n-\n+99999999999999\n";

        var file = Path.GetTempFileName();
        Assert.Equal(0, await ReaperProcess.RunAsync(["0123456789abcdef/none/", file], new MemoryStream(Encoding.ASCII.GetBytes(lines))));

        await watched.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(released.HasExited);
        released.Kill();
    }

    // In a session of its own, for sure.
    private static async Task<Process> SleepAsync()
    {
        var process = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", "echo ready; exec sleep 1000"]) { RedirectStandardOutput = true })!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        return process;
    }

    [Fact]
    public void SilenceWatch_ContactMeanwhile_StartsOver()
    {
        var time = new ManualTime();
        var contact = new Contact(time);
        var fired = 0;
        using var watch = new SilenceWatch(contact, TimeSpan.FromSeconds(48), () => fired++, time);

        time.Advance(TimeSpan.FromSeconds(47));
        contact.Answered(time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(47));
        Assert.Equal(0, fired);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, fired);
    }

    [Fact]
    public void Contact_AnswersOutOfOrder_KeepsTheLatest()
    {
        var time = new ManualTime();
        var contact = new Contact(time);
        time.Advance(TimeSpan.FromSeconds(10));
        contact.Answered(time.GetTimestamp());

        contact.Answered(TimeSpan.TicksPerSecond);

        Assert.Equal(TimeSpan.Zero, contact.Silence);
    }

    [Fact]
    public void JobLog_LimitReached_StaysWithinItAndTellsOnce()
    {
        using var spool = new LogSpool(Path.GetTempFileName() + ".log", new SpoolQuota(1 << 20));
        var troubles = new List<LogTrouble>();
        var log = new JobLog(spool, new SecretMasker(new SecretSet([])), 200, troubles.Add);

        log.Write(new byte[150]);
        log.Write(new byte[100]);
        log.Write(new byte[100]);
        log.WriteLine("more");
        log.Complete();

        Assert.InRange(spool.Length, 150, 200);
        Assert.True(Assert.Single(troubles).IsLimit);
        Assert.True(spool.IsComplete);
    }

    [Fact]
    public void JobLog_SecretAcrossWrites_IsMasked()
    {
        using var spool = new LogSpool(Path.GetTempFileName() + ".log", new SpoolQuota(1 << 20));
        var log = new JobLog(spool, new SecretMasker(new SecretSet(["correct horse"])), 1000, _ => { });

        log.Write("a corr"u8);
        Assert.Equal(2, spool.Length);
        log.Write("ect ho"u8);
        log.Write("rse b corr"u8);
        log.Complete();

        var buffer = new byte[100];
        Assert.Equal("a *** b corr", Encoding.UTF8.GetString(buffer.AsSpan(0, spool.Read(0, buffer))));
    }

    [Fact]
    public void JobLog_Line_HasNoControlCharactersAndStandsAlone()
    {
        using var spool = new LogSpool(Path.GetTempFileName() + ".log", new SpoolQuota(1 << 20));
        var log = new JobLog(spool, new SecretMasker(new SecretSet([])), 1000, _ => { });

        log.Write("no end"u8);
        log.WriteLine("a\n\u001b[31mb");

        var buffer = new byte[100];
        Assert.Equal("no end\n== a  [31mb\n", Encoding.UTF8.GetString(buffer.AsSpan(0, spool.Read(0, buffer))));
    }

    [Fact]
    public void JobLog_LinesBeside_StandBetweenTheStepsLines()
    {
        using var spool = new LogSpool(Path.GetTempFileName() + ".log", new SpoolQuota(1 << 20));
        var log = new JobLog(spool, new SecretMasker(new SecretSet(["correct horse"])), 1 << 20, _ => { });

        log.Write("a corr"u8);
        log.WriteBeside("[db] one\n"u8);
        log.Write("ect horse b\n"u8);
        log.WriteBeside("[db] two\n"u8);
        log.Write("no end"u8);
        log.WriteBeside("[db] three\n"u8);
        log.Complete();

        Assert.Equal("a *** b\n[db] one\n[db] two\nno end\n[db] three\n", TextOf(spool));
    }

    [Fact]
    public void JobLog_MuchBesideALineThatDoesNotEnd_BreaksIt_ButNoSecret()
    {
        using var spool = new LogSpool(Path.GetTempFileName() + ".log", new SpoolQuota(1 << 20));
        var log = new JobLog(spool, new SecretMasker(new SecretSet(["correct horse"])), 1 << 20, _ => { });
        var line = new string('x', 999) + "\n";

        log.Write("a corr"u8);
        for (var i = 0; i < 70; i++)
        {
            log.WriteBeside(Encoding.ASCII.GetBytes(line));
        }

        log.Write("ect horse b\n"u8);
        log.Complete();

        Assert.StartsWith($"a \n{line}", TextOf(spool));
        Assert.Contains($"{line}*** b\n", TextOf(spool));
        Assert.Equal(70, TextOf(spool).Split('\n').Count(text => text + "\n" == line));
    }

    [Fact]
    public void ServiceOutput_OfAnyCut_IsWholeLinesMaskedBehindTheName()
    {
        var secrets = new SecretSet(["correct horse"]);
        using var spool = new LogSpool(Path.GetTempFileName() + ".log", new SpoolQuota(1 << 20));
        var log = new JobLog(spool, new SecretMasker(secrets), 1 << 20, _ => { });
        var output = new ServiceOutput("db", log, secrets);

        foreach (var piece in (string[])["on", "e\ntwo corr", "ect hor", "se\n\nthree", new string('y', 9000)])
        {
            output.Write(Encoding.ASCII.GetBytes(piece));
        }

        output.Flush();
        log.Complete();

        var rest = new string('y', 9000 + 5 - 8192);
        Assert.Equal($"[db] one\n[db] two ***\n[db] \n[db] three{new string('y', 8192 - 5)}\n[db] {rest}\n", TextOf(spool));
        Assert.Equal(700, output.Last.Length - "It printed last: ".Length);
        Assert.EndsWith(rest[..700][^600..], output.Last);
    }

    private static string TextOf(LogSpool spool)
    {
        var buffer = new byte[spool.Length];
        return Encoding.UTF8.GetString(buffer.AsSpan(0, spool.Read(0, buffer)));
    }

    [Fact]
    public void SpoolQuota_Returned_CanBeTakenAgain()
    {
        var quota = new SpoolQuota(10);

        Assert.True(quota.TryTake(10));
        Assert.False(quota.TryTake(1));
        quota.Return(10);
        Assert.True(quota.TryTake(10));
    }
}
