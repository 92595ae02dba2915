using System.IO.Pipelines;
using System.Text;
using Control.Cli.Client;
using Control.Contracts.Events;
using Control.Contracts.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Client;

public sealed class StreamTests
{
    // A stream that does not end fails its test instead of the whole run.
    private readonly CancellationToken _soon = new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    private const string RunPath = "/api/v1/workspaces/shop/pipelines/web/runs/12";

    [Fact]
    public async Task WatchRun_ConnectionBreaks_ResumesAfterTheLastEventWithoutGapOrRepeat()
    {
        var resumedFrom = new List<string>();
        var received = new TaskCompletionSource();
        await using var server = await FakeServer.StartAsync(app => app.MapGet($"{RunPath}/events", async (HttpContext http) =>
        {
            resumedFrom.Add(http.Request.Headers["Last-Event-ID"].ToString());
            if (resumedFrom.Count == 1)
            {
                await SendAsync(http, 1);
                await SendAsync(http, 2);
                await received.Task; // a reset connection loses what was not read yet
                http.Abort();
                return;
            }

            await SendAsync(http, 3);
            await FakeServer.SendEventAsync(http, "end", 3, new { state = "succeeded" });
        }));
        using var client = server.Client();

        var sequences = new List<long>();
        await foreach (var e in client.WatchRunAsync(Samples.Run, 0, _soon))
        {
            sequences.Add(e.Sequence);
            if (e.Sequence == 2)
            {
                received.SetResult();
            }
        }

        Assert.Equal([1, 2, 3], sequences);
        Assert.Equal(["", "2"], resumedFrom);
    }

    [Fact]
    public async Task WatchRun_StreamClosesWithoutEnd_Resumes()
    {
        var calls = 0;
        await using var server = await FakeServer.StartAsync(app => app.MapGet($"{RunPath}/events", async (HttpContext http) =>
        {
            if (++calls > 1)
            {
                await FakeServer.SendEventAsync(http, "end", 1, new { state = "succeeded" });
                return;
            }

            await SendAsync(http, 1);
        }));
        using var client = server.Client();

        Assert.Equal(1, await client.WatchRunAsync(Samples.Run, 0, _soon).CountAsync());
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task WatchRun_EventsGone_IsThrownAtOnce()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet(
            $"{RunPath}/events", () => Results.Json(Samples.Problem(410, "events-gone", "Gone.", "40"), statusCode: 410)));
        using var client = server.Client();

        var e = await Assert.ThrowsAsync<ProblemException>(async () =>
            await client.WatchRunAsync(Samples.Run, 5, _soon).CountAsync());

        Assert.Equal((410, "40"), (e.Problem.Status, e.Problem.State));
    }

    [Fact]
    public async Task FollowLog_BytesThatAreNoUtf8_AreReadAgainRaw()
    {
        byte[] log = [(byte)'a', 0xFF, (byte)'b', (byte)'\n'];
        await using var server = await FakeServer.StartAsync(app => app.MapGet($"{RunPath}/jobs/build.go/attempts/1/log", async (HttpContext http) =>
        {
            if (http.Request.Query["follow"] == "true")
            {
                await FakeServer.SendEventAsync(http, "log", 4, new { offset = 0, next = 4, text = "a\uFFFDb\n" });
                await FakeServer.SendEventAsync(http, "log", 9, new { offset = 4, next = 9, text = "plain" });
                await FakeServer.SendEventAsync(http, "end", 9, new { length = 9, complete = true });
                return;
            }

            Assert.Equal("bytes=0-3", http.Request.Headers.Range);
            await http.Response.Body.WriteAsync(log);
        }));
        using var client = server.Client();

        var bytes = new List<byte>();
        await foreach (var chunk in client.FollowLogAsync(Attempt("build.go"), 0, _soon))
        {
            bytes.AddRange(chunk.Bytes.ToArray());
        }

        Assert.Equal([.. log, .. "plain"u8], bytes);
    }

    [Fact]
    public async Task ReadLog_SeveralPieces_GivesAllBytesOnce()
    {
        var log = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 200_000).Select(i => $"line {i}\n")));
        await using var server = await FakeServer.StartAsync(app => app.MapGet(
            $"{RunPath}/jobs/build.go/attempts/1/log", (HttpContext http) => Range(http, log)));
        using var client = server.Client();

        using var read = new MemoryStream();
        await foreach (var chunk in client.ReadLogAsync(Attempt("build.go"), 0, _soon))
        {
            Assert.Equal(read.Length, chunk.Offset);
            read.Write(chunk.Bytes.Span);
        }

        Assert.Equal(log, read.ToArray());
    }

    [Fact]
    public async Task Read_NothingArrives_EndsAsBroken()
    {
        await using var silent = new SilenceLimitedStream(new Pipe().Reader.AsStream(), TimeSpan.FromMilliseconds(1), TimeProvider.System);

        await Assert.ThrowsAsync<IOException>(async () => _ = await silent.ReadAsync(new byte[1]));
    }

    private static AttemptId Attempt(string job) => new(Samples.Run, JobKey.Parse(job), 1);

    private static IResult Range(HttpContext http, byte[] log)
    {
        var range = http.Request.GetTypedHeaders().Range!.Ranges.Single();
        var (from, to) = ((int)range.From!, (int)Math.Min(range.To!.Value + 1, log.Length));
        return from < to ? Results.Bytes(log[from..to]) : Results.StatusCode(416);
    }

    private static Task SendAsync(HttpContext http, long sequence) => FakeServer.SendEventAsync(
        http, EventTypes.RunChanged, sequence,
        new { sequence, type = EventTypes.RunChanged, at = Samples.T0, by = Samples.Alice, data = Samples.RunIn(RunState.Running) });
}
