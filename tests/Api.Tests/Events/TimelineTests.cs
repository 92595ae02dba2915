using Control.Api.Events;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Control.Api.Tests.Events;

public sealed class TimelineTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Stream_WhileEventsAreWritten_HasNoGapAndNoDuplicateAcrossReconnects()
    {
        const int Total = 400;
        var run = RunId.Parse("team/web/1000");
        await host.Seed.RunAsync(run, events: [Seed.Event(1)]);
        using var admin = host.Client(host.Admin);
        var writing = Task.Run(async () =>
        {
            for (var n = 2; n <= Total; n++)
            {
                await host.Seed.RunAsync(run, n < Total ? RunState.Running : RunState.Succeeded, events: [Seed.Event(n)]);
            }
        });

        var (seen, lastId, ended) = (new List<string>(), "0", false);
        while (!ended)
        {
            using var reader = await SseReader.OpenAsync(admin, "workspaces/team/pipelines/web/runs/1000/events", lastId);
            for (var i = 0; i < 37 && !ended && await reader.NextAsync() is { } item; i++)
            {
                ended = item.Type == "end";
                if (!ended)
                {
                    var number = item.Data.GetProperty("sequence").ToString();
                    seen.Add(number);
                    lastId = item.Id;
                    Assert.StartsWith(number + ".", item.Id);
                    Assert.Equal(number, item.Data.GetProperty("data").GetProperty("n").ToString());
                }
            }
        }

        await writing;
        Assert.Equal(Enumerable.Range(1, Total).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)), seen);
    }

    [Fact]
    public async Task Stream_OfAFinishedRun_TellsAllAndEnds()
    {
        await host.Seed.RunAsync(RunId.Parse("team/web/1001"), RunState.Failed, events: [Seed.Event(1), Seed.Event(2)]);
        using var admin = host.Client(host.Admin);
        using var reader = await SseReader.OpenAsync(admin, "workspaces/team/pipelines/web/runs/1001/events?after=1");
        var all = await reader.AllAsync();
        Assert.Equal(["run.changed 2", "end 2"], all.Select(e => $"{e.Type} {e.Id.Split('.')[0]}"));
        Assert.Equal("failed", all[1].Data.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Stream_Idle_BeatsAndEndsWhenItsTokenIsRevoked()
    {
        var own = new ApiHost { Configure = o => (o.Heartbeat, o.CredentialCacheTime) = (TimeSpan.FromSeconds(1), TimeSpan.Zero) };
        await own.InitializeAsync();
        var token = await own.Seed.TokenAsync("brief", ApiHost.Later, [Scopes.Read]);
        using (var client = own.Client(token))
        using (var reader = await SseReader.OpenAsync(client, "workspaces/team/pipelines/web/runs/1/events"))
        {
            await own.Seed.PutAsync(
                new SubjectKey(SubjectKinds.Token, "brief"),
                _ => new TokenView("brief", "brief", [Scopes.Read], [], Seed.Then, ApiHost.Later, Seed.Someone, true),
                deleted: true);
            Assert.Null(await reader.NextAsync());
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Stream_Busy_EndsWhenItsTokenIsRevoked()
    {
        var own = new ApiHost { Configure = o => (o.Heartbeat, o.CredentialCacheTime) = (TimeSpan.FromMinutes(1), TimeSpan.Zero) };
        await own.InitializeAsync();
        var token = await own.Seed.TokenAsync("brief", ApiHost.Later, [Scopes.Read]);
        using (var client = own.Client(token))
        using (var reader = await SseReader.OpenAsync(client, "workspaces/team/pipelines/web/runs/1/events"))
        {
            await own.Seed.RunAsync(RunId.Parse("team/web/1"), events: [Seed.Event(1)]);
            Assert.StartsWith("1.", (await reader.NextAsync())?.Id);
            await own.Seed.PutAsync(
                new SubjectKey(SubjectKinds.Token, "brief"),
                _ => new TokenView("brief", "brief", [Scopes.Read], [], Seed.Then, ApiHost.Later, Seed.Someone, true),
                deleted: true);
            await own.Seed.RunAsync(RunId.Parse("team/web/1"), events: [Seed.Event(2)]);
            Assert.Null(await reader.NextAsync());
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Stream_Idle_SendsComments()
    {
        var own = new ApiHost { Configure = o => o.Heartbeat = TimeSpan.FromSeconds(1) };
        await own.InitializeAsync();
        using (var client = own.Client(own.Admin))
        {
            var response = await client.SendAsync(
                new HttpRequestMessage(HttpMethod.Get, "workspaces/team/pipelines/web/runs/1/events").With("Accept", "text/event-stream"),
                HttpCompletionOption.ResponseHeadersRead);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.Equal(["retry: 2000", "", ": alive"], [await lines.ReadLineAsync() ?? "", await lines.ReadLineAsync() ?? "", await lines.ReadLineAsync() ?? ""]);
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Stream_ServerStops_Ends()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        using (var client = own.Client(own.Admin))
        using (var reader = await SseReader.OpenAsync(client, "workspaces/team/pipelines/web/runs/1/events"))
        {
            own.App.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
            Assert.Null(await reader.NextAsync());
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Stream_MoreThanAllowed_Answers429AndSlotsAreGivenBack()
    {
        var own = new ApiHost { Configure = o => o.StreamsPerToken = 1 };
        await own.InitializeAsync();
        using (var client = own.Client(own.Admin))
        {
            const string Url = "workspaces/team/pipelines/web/runs/1/events";
            using (await SseReader.OpenAsync(client, Url))
            {
                var refused = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, Url).With("Accept", "text/event-stream"));
                await refused.ProblemAsync(HttpStatusCode.TooManyRequests, "too-many-streams");
            }
        }

        await own.DisposeAsync();
    }

    [Fact]
    public void Slots_Disposed_AreFreeAgain()
    {
        var slots = new StreamSlots(
            Microsoft.Extensions.Options.Options.Create(new ApiOptions { StreamsPerToken = 1 }),
            host.App.Services.GetRequiredService<IHostApplicationLifetime>());
        var caller = new Caller(Seed.Someone, [], [], ApiHost.Later);
        var slot = slots.Take(caller, CancellationToken.None);
        Assert.NotNull(slot);
        Assert.Null(slots.Take(caller, CancellationToken.None));
        slot.Dispose();
        Assert.NotNull(slots.Take(caller, CancellationToken.None));
    }

    [Fact]
    public async Task Page_WithoutStream_GivesEventsAndWhereToGoOn()
    {
        await host.Seed.RunAsync(RunId.Parse("team/web/1002"), events: [Seed.Event(1), Seed.Event(2), Seed.Event(3)]);
        using var admin = host.Client(host.Admin);
        var page = await (await admin.GetAsync("workspaces/team/pipelines/web/runs/1002/events?after=1&limit=1")).JsonAsync();
        Assert.Equal(2, page.GetProperty("items")[0].GetProperty("sequence").GetInt32());
        var rest = await (await admin.GetAsync($"workspaces/team/pipelines/web/runs/1002/events?after={page.GetProperty("next")}")).JsonAsync();
        Assert.Equal(3, Assert.Single(rest.GetProperty("items").EnumerateArray()).GetProperty("sequence").GetInt32());
        var none = await (await admin.GetAsync($"workspaces/team/pipelines/web/runs/1002/events?after={rest.GetProperty("next")}")).JsonAsync();
        Assert.Equal((0, rest.GetProperty("next").GetString()), (none.GetProperty("items").GetArrayLength(), none.GetProperty("next").GetString()));
        await (await admin.GetAsync("workspaces/team/pipelines/web/runs/999/events")).ProblemAsync(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("runs/1003/events", "1.00000000")]
    [InlineData("runs/1003/events", "1000")]
    [InlineData("runs/1999/events", "1.00000000")]
    [InlineData("runs/1999/jobs/build.compile/attempts/1/log?follow=true", "1.00000000")]
    [InlineData("retention/events", "0.00000000")]
    [InlineData("retention/events", "1")]
    [InlineData("runs/1003/jobs/build.compile/attempts/1/log?follow=true", "0.00000000")]
    public async Task Reader_OfAStoreBeforeARestore_IsToldInsteadOfWaiting(string path, string last)
    {
        var run = RunId.Parse("team/web/1003");
        await host.Seed.RunAsync(run, children: [Seed.Attempt(AttemptId.Parse($"{run}/build.compile/1"), AttemptState.Running, "agent-1", 1)], events: [Seed.Event(1), Seed.Event(2)]);
        using var admin = host.Client(host.Admin);
        var url = $"workspaces/team/pipelines/web/{path}";
        await (await admin.SendAsync(new HttpRequestMessage(HttpMethod.Get, url).With("Accept", "text/event-stream").With("Last-Event-ID", last))).ProblemAsync(HttpStatusCode.Gone, "store-restored");
        if (!path.Contains('?', StringComparison.Ordinal))
        {
            await (await admin.GetAsync($"{url}?after={last}")).ProblemAsync(HttpStatusCode.Gone, "store-restored");
        }
    }

    [Theory]
    [InlineData("1.")]
    [InlineData(".00000000")]
    [InlineData("1.0000000g")]
    [InlineData("1.000000000")]
    [InlineData("-1.00000000")]
    [InlineData("99999999999999999999.00000000")]
    public async Task Reader_WithWhatIsNoPlace_IsRefused(string last)
    {
        using var admin = host.Client(host.Admin);
        await (await admin.GetAsync($"workspaces/team/pipelines/web/runs/1/events?after={last}")).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        var request = new HttpRequestMessage(HttpMethod.Get, "workspaces/team/pipelines/web/runs/1/events").With("Accept", "text/event-stream").With("Last-Event-ID", last);
        await (await admin.SendAsync(request)).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
    }
}
