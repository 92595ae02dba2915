using System.Diagnostics;
using System.Globalization;
using Control.Contracts.Runs;

namespace Control.Storage.Tests;

public sealed class CrashTests
{
    [Theory]
    [InlineData(50)]
    [InlineData(2000)]
    public async Task Store_ProcessKilled_EverythingAcknowledgedIsThere(int acknowledgements)
    {
        using var test = new TestStore();
        test.Store.Dispose();

        var acknowledged = await RunAndKillAsync(test, acknowledgements);

        test.Reopen();
        Assert.Equal(["commit", "log"], acknowledged.Keys.Select(item => item.Kind).Distinct().Order());
        foreach (var ((kind, key), value) in acknowledged)
        {
            if (kind == "log")
                Assert.InRange(await test.Store.Logs.LengthAsync(AttemptId.Parse(key)), value, long.MaxValue);
            else
                await CheckCommitsAsync(test, Make.Key(key), value);
        }

        if (test.Database is not null)
            return;
        Assert.Equal("ok", Assert.Single(test.Sql("PRAGMA integrity_check")));
        Assert.Equal("ok", Assert.Single(test.Sql("PRAGMA integrity_check", "logs")));
    }

    private static async Task CheckCommitsAsync(TestStore test, SubjectKey key, long version)
    {
        var stored = await test.Commits.LoadAsync(key);
        Assert.InRange(stored!.Version, version, long.MaxValue);
        Assert.Equal(stored.Version, stored.LastSequence);
        Assert.Equal($"{stored.Version}|{stored.Version}", Assert.Single(test.Sql(
            "SELECT count(*), max(seq) FROM events e JOIN subjects s ON s.id = e.subject_id WHERE s.key = @key", values: ("@key", key.Key))));
    }

    private static async Task<Dictionary<(string Kind, string Key), long>> RunAndKillAsync(TestStore test, int lines)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(Program).Assembly.Location);
        start.ArgumentList.Add(test.Path);
        start.Environment[Program.Variable] = test.Database;
        using var process = Process.Start(start)!;
        var acknowledged = new Dictionary<(string Kind, string Key), long>();
        var last = "";
        for (var read = 0; await process.StandardOutput.ReadLineAsync() is { } line; read++)
        {
            if (read == lines)
                process.Kill();
            // One line behind: the very last may be cut short by the kill.
            if (last.Split(' ') is [var kind, var key, var value])
                acknowledged[(kind, key)] = long.Parse(value, CultureInfo.InvariantCulture);
            last = line;
        }

        await process.WaitForExitAsync();
        Assert.NotEqual(0, process.ExitCode);
        return acknowledged;
    }
}
