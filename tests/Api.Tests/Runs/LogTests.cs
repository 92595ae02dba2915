using Control.Api.Runs;
using Control.Api.Tests.Events;

namespace Control.Api.Tests.Runs;

public sealed class LogTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Get_WholeAndParts_GivesTheBytes()
    {
        var attempt = await AttemptAsync(1, AttemptState.Running, null);
        await host.Logs.AppendAsync(attempt, 0, "0123456789"u8.ToArray(), default);
        using var admin = host.Client(host.Admin);
        var whole = await admin.GetAsync(Url(attempt));
        Assert.Equal("0123456789", await whole.Content.ReadAsStringAsync());
        Assert.Equal(("10", "false"), (whole.Headers.GetValues("X-Log-Length").Single(), whole.Headers.GetValues("X-Log-Complete").Single()));
        Assert.Equal("text/plain; charset=utf-8", whole.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", whole.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("789", await admin.GetStringAsync(Url(attempt) + "?offset=7"));
        Assert.Equal("", await admin.GetStringAsync(Url(attempt) + "?offset=70"));
    }

    [Theory]
    [InlineData("bytes=2-4", "234", "bytes 2-4/10")]
    [InlineData("bytes=8-", "89", "bytes 8-9/10")]
    [InlineData("bytes=-3", "789", "bytes 7-9/10")]
    [InlineData("bytes=5-500", "56789", "bytes 5-9/10")]
    public async Task Get_Range_GivesThePart(string range, string text, string contentRange)
    {
        var attempt = await AttemptAsync(2, AttemptState.Running, null);
        await host.Logs.AppendAsync(attempt, 0, "0123456789"u8.ToArray(), default);
        using var admin = host.Client(host.Admin);
        var part = await admin.SendAsync(new HttpRequestMessage(HttpMethod.Get, Url(attempt)).With("Range", range));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal((text, contentRange), (await part.Content.ReadAsStringAsync(), part.Content.Headers.ContentRange!.ToString()));
        var beyond = await admin.SendAsync(new HttpRequestMessage(HttpMethod.Get, Url(attempt)).With("Range", "bytes=10-"));
        await beyond.ProblemAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "bad-range");
    }

    [Fact]
    public async Task Follow_WhileBytesArrive_GivesEachOnceAcrossReconnectsAndEnds()
    {
        var attempt = await AttemptAsync(3, AttemptState.Running, null);
        var text = string.Concat(Enumerable.Range(0, 500).Select(n => $"línea {n} €𐍈\n"));
        var bytes = Encoding.UTF8.GetBytes(text);
        using var admin = host.Client(host.Admin);
        var writing = Task.Run(async () =>
        {
            // Pieces of 7 bytes cut characters of 2, 3 and 4 bytes at every place.
            for (var at = 0; at < bytes.Length; at += 7)
            {
                await host.Logs.AppendAsync(attempt, at, bytes.AsMemory(at, Math.Min(7, bytes.Length - at)), default);
            }

            await AttemptAsync(3, AttemptState.Succeeded, bytes.Length);
        });

        var (told, lastId, ended) = (new StringBuilder(), "0", false);
        while (!ended)
        {
            using var reader = await SseReader.OpenAsync(admin, Url(attempt) + "?follow=true", lastId);
            for (var i = 0; i < 11 && !ended && await reader.NextAsync() is { } item; i++)
            {
                ended = item.Type == "end";
                if (!ended)
                {
                    Assert.Equal(lastId.Split('.')[0], item.Data.GetProperty("offset").ToString());
                    told.Append(item.Data.GetProperty("text").GetString());
                    lastId = item.Id;
                }
                else
                {
                    Assert.True(item.Data.GetProperty("complete").GetBoolean());
                }
            }
        }

        await writing;
        Assert.Equal(text, told.ToString());
    }

    [Fact]
    public async Task Follow_EndedAttemptWithMissingBytes_WaitsForThem()
    {
        var attempt = await AttemptAsync(4, AttemptState.Failed, 6);
        await host.Logs.AppendAsync(attempt, 0, "abc"u8.ToArray(), default);
        using var admin = host.Client(host.Admin);
        using var reader = await SseReader.OpenAsync(admin, Url(attempt) + "?follow=true");
        Assert.Equal("abc", (await reader.NextAsync())!.Data.GetProperty("text").GetString());
        await host.Logs.AppendAsync(attempt, 3, "def"u8.ToArray(), default);
        Assert.Equal("def", (await reader.NextAsync())!.Data.GetProperty("text").GetString());
        Assert.Equal("end", (await reader.NextAsync())!.Type);
        Assert.Null(await reader.NextAsync());
    }

    [Fact]
    public async Task Follow_LostAttempt_EndsIncomplete()
    {
        var attempt = await AttemptAsync(5, AttemptState.Lost, null);
        await host.Logs.AppendAsync(attempt, 0, new byte[] { 0x61, 0xE2, 0x82 }, default);
        using var admin = host.Client(host.Admin);
        using var reader = await SseReader.OpenAsync(admin, Url(attempt) + "?follow=true");
        var all = await reader.AllAsync();
        Assert.Equal("a\uFFFD", all[0].Data.GetProperty("text").GetString());
        Assert.Equal(("end", false), (all[1].Type, all[1].Data.GetProperty("complete").GetBoolean()));
    }

    [Theory]
    [InlineData(new byte[0], 0)]
    [InlineData(new byte[] { 0x61 }, 1)]
    [InlineData(new byte[] { 0x61, 0xC3 }, 1)]
    [InlineData(new byte[] { 0xC3, 0xA9 }, 2)]
    [InlineData(new byte[] { 0x61, 0xE2, 0x82 }, 1)]
    [InlineData(new byte[] { 0xF0, 0x90, 0x8D }, 0)]
    [InlineData(new byte[] { 0xF0, 0x90, 0x8D, 0x88 }, 4)]
    [InlineData(new byte[] { 0x82, 0x82, 0x82, 0x82 }, 4)]
    [InlineData(new byte[] { 0xFF }, 1)]
    public void WholeLength_Bytes_StopsBeforeAnUnfinishedCharacter(byte[] bytes, int whole) => Assert.Equal(whole, Utf8Text.WholeLength(bytes));

    private async Task<AttemptId> AttemptAsync(int number, AttemptState state, long? logLength)
    {
        var attempt = AttemptId.Parse($"team/web/2000/build.compile/{number}");
        var view = Seed.Attempt(attempt, state, "agent-1", 1, logLength);
        var finished = ContractJson.Read<AttemptView>(view.View!) with { FinishedAt = state == AttemptState.Running ? null : TimeProvider.System.GetUtcNow() };
        await host.Seed.RunAsync(attempt.Run, children: [view with { View = ContractJson.Write(finished) }]);
        return attempt;
    }

    private static string Url(AttemptId attempt) => $"workspaces/team/pipelines/web/runs/{attempt.Run.Number}/jobs/{attempt.Job}/attempts/{attempt.Number}/log";
}
