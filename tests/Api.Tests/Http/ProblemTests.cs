using Microsoft.AspNetCore.Http;
using Orleans.Runtime;
using Orleans.Storage;

namespace Control.Api.Tests.Http;

public sealed class ProblemTests(ApiHost host) : IClassFixture<ApiHost>
{
    public static TheoryData<Exception, int, string> Faults => new()
    {
        { new TimeoutException("secret detail"), 504, "outcome-unknown" },
        { new SiloUnavailableException("secret detail"), 504, "outcome-unknown" },
        { new ArgumentException("Could not find an implementation for interface control.IRunGrain"), 503, "no-silo" },
        { new ArgumentException("secret detail"), 500, "internal-error" },
        { new LimitExceededException("secret detail"), 503, "overloaded" },
        { new InconsistentStateException("secret detail"), 503, "overloaded" },
        { new ControlException("storage-busy", "secret detail"), 503, "storage-busy" },
        { new ControlException("storage-corrupt", "secret detail"), 500, "storage-corrupt" },
        { new InvalidOperationException("secret detail"), 500, "internal-error" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Faults_OfGrains_BecomeProblemsWithoutDetails(Exception fault, int status, string code)
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        own.Grains.Before = _ => throw fault;
        using (var admin = own.Client(own.Admin))
        {
            var answer = await admin.PostAsync("workspaces/team/pipelines/web/runs/1/cancel", null);
            var problem = await answer.ProblemAsync((HttpStatusCode)status, code);
            Assert.DoesNotContain("secret detail", problem.ToString(), StringComparison.Ordinal);
            Assert.Equal(status == 503, answer.Headers.RetryAfter is not null);
        }

        await own.DisposeAsync();
    }

    [Theory]
    [InlineData(RefusalKind.NotFound, 404)]
    [InlineData(RefusalKind.BadRequest, 400)]
    [InlineData(RefusalKind.Conflict, 409)]
    [InlineData(RefusalKind.Forbidden, 403)]
    [InlineData(RefusalKind.LimitReached, 429)]
    [InlineData(RefusalKind.VersionMismatch, 412)]
    public void Of_Refusal_HasItsStatusCodeStateAndFields(RefusalKind kind, int status)
    {
        var problem = Control.Api.Http.Problem.Of(new Refusal(kind, "the-code", "The message.", "waiting", [new FieldError("f", "m", 1, 2)]));
        Assert.Equal((status, "the-code", "The message.", "waiting", 1), (problem.Status, problem.Code, problem.Detail, problem.State, problem.Errors!.Count));
        Assert.Equal(status == StatusCodes.Status429TooManyRequests, problem.RetryAfter is not null);
    }

    [Fact]
    public async Task Body_ManyWrongMembers_AreNotAllTold()
    {
        using var admin = host.Client(host.Admin);
        var body = $"{{{string.Join(',', Enumerable.Range(0, 1_000).Select(i => $"\"{i}\":1"))}}}";
        var problem = await (await admin.PostAsync("workspaces", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        Assert.Equal(100, problem.GetProperty("errors").GetArrayLength());
    }

    [Fact]
    public async Task Routing_WrongMethodTypeOrSize_AnswersProblems()
    {
        using var admin = host.Client(host.Admin).AskingFirst();
        await (await admin.PatchAsync("workspaces/team", null)).ProblemAsync(HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        await (await admin.PutAsync("workspaces/team", new StringContent("x"))).ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
        await (await admin.PutAsync("workspaces/team/pipelines/web", new StringContent("x"))).ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
        await (await admin.PutAsync("workspaces/team/pipelines/web", Requests.Yaml(new string('a', 256 * 1024 + 1)))).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too-large");
    }

    [Theory]
    [InlineData("""[]""")]
    [InlineData("""{"name":"a","name":"b"}""")]
    [InlineData("""{"name":""")]
    [InlineData("null")]
    public async Task Body_NotAnObject_Answers400(string body)
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PostAsync("workspaces", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        Assert.Equal("body", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Body_DeeperThanAllowed_Answers400()
    {
        using var admin = host.Client(host.Admin);
        var deep = new string('[', 5_000) + new string(']', 5_000);
        await (await admin.PostAsync("workspaces", Requests.Json($"{{\"name\":{deep}}}"))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
    }

    [Theory]
    [InlineData("workspaces?limit=0", "limit")]
    [InlineData("workspaces?limit=201", "limit")]
    [InlineData("workspaces?limit=%0d%0a", "limit")]
    [InlineData("workspaces?cursor=AAAA", "cursor")]
    [InlineData("workspaces?cursor=%00%ff", "cursor")]
    [InlineData("workspaces/team/runs?state=great", "state")]
    [InlineData("workspaces/team/pipelines/web/definition?version=-1", "version")]
    [InlineData("workspaces/team/pipelines/web/runs/1/events?after=x", "after")]
    public async Task Query_Wrong_NamesTheField(string url, string field)
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.GetAsync(url)).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task List_InPages_ShowsEverythingOnce()
    {
        await host.Seed.PipelineAsync(new PipelineId("other", "a"));
        await host.Seed.PipelineAsync(new PipelineId("other", "b"));
        await host.Seed.PipelineAsync(new PipelineId("other", "c"));
        using var admin = host.Client(host.Admin);
        var names = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await (await admin.GetAsync($"workspaces/other/pipelines?limit=2{(cursor.Length > 0 ? "&cursor=" + cursor : "")}")).JsonAsync();
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetString()!));
            cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
        }

        Assert.Equal(["other/a", "other/b", "other/c"], names);
    }
}
