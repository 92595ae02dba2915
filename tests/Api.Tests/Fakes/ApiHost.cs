using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Control.Storage.Logs;
using Control.Storage.Queries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Control.Api.Tests.Fakes;

/// <summary>The gateway on a real Kestrel and a real store, with fake grains behind it.</summary>
public sealed class ApiHost : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("control-api-");
    private FakeGrains? _grains;

    internal Action<ApiOptions> Configure { get; init; } = _ => { };

    /// <summary>The PostgreSQL with its state; null for SQLite in its folder.</summary>
    internal string? Database { get; init; }

    internal WebApplication App { get; private set; } = null!;

    internal string DataDirectory => _directory.FullName;

    internal LogLines Lines { get; } = new();

    internal FakeGrains Grains => _grains!;

    internal Seed Seed => Grains.Seed;

    internal LogStore Logs => App.Services.GetRequiredService<LogStore>();

    internal string Admin { get; private set; } = "";

    internal string Agent { get; private set; } = "";

    internal static readonly DateTimeOffset Later = new(2999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Lines).SetMinimumLevel(LogLevel.Information);
        builder.WebHost.ConfigureKestrel(ControlApi.ConfigureKestrel).UseUrls("http://127.0.0.1:0");
        builder.Services.AddControlStorage(o => (o.DataDirectory, o.Database) = (_directory.FullName, Database)).AddControlQueries();
        builder.Services.AddControlApi(o =>
        {
            o.LintPipeline = text => text.Contains("bad", StringComparison.Ordinal) ? [new FieldError("stages", "Must be given.", 2, 3)] : [];
            o.PipelineSchema = """{"type":"object"}""";
            o.CertificateFingerprint = new string('a', 64);
            o.FailedSignInsPerMinute = 10_000;
            o.JoinsPerMinute = 10_000;
            Configure(o);
        });
        builder.Services.AddSingleton(p => new Seed(p.GetRequiredService<CommitStore>()));
        builder.Services.AddSingleton<FakeGrains>();
        builder.Services.AddSingleton<IGrainFactory>(p => FakeGrainFactory.Create(p.GetRequiredService<FakeGrains>()));
        App = builder.Build();
        App.MapControlApi();
        await App.StartAsync();
        _grains = App.Services.GetRequiredService<FakeGrains>();
        Admin = await Seed.TokenAsync("admin", Later, [Scopes.Admin]);
        Agent = await Seed.AgentAsync("agent-1");
        await Seed.WorkspaceAsync("team");
        await Seed.WorkspaceAsync("other");
        await Seed.PipelineAsync(new PipelineId("team", "web"));
        await Seed.RunAsync(RunId.Parse("team/web/1"));
    }

    public async Task DisposeAsync()
    {
        await App.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    internal HttpClient Client(string? bearer)
    {
        // Who waits to be told to go on (ExpectContinue) waits for it, however slow the machine is.
        var handler = new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) };
        var client = new HttpClient(handler) { BaseAddress = new Uri(App.Urls.First() + "/api/v1/") };
        client.DefaultRequestHeaders.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        return client;
    }
}

/// <summary>What was logged.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> All { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        All.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}

/// <summary>Short words for requests and answers.</summary>
internal static class Requests
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return JsonDocument.Parse(text.Length == 0 ? "{}" : text).RootElement;
    }

    /// <summary>Asserts a problem and gives it.</summary>
    public static async Task<JsonElement> ProblemAsync(this HttpResponseMessage response, HttpStatusCode status, string? code = null)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
        if (code is not null)
        {
            Assert.Equal(code, problem.GetProperty("code").GetString());
        }

        return problem;
    }

    /// <summary>
    /// The client asks before it sends a body: a server that refuses one as too large hangs up, which a client that is still
    /// sending sees instead of the answer.
    /// </summary>
    public static HttpClient AskingFirst(this HttpClient client)
    {
        client.DefaultRequestHeaders.ExpectContinue = true;
        return client;
    }

    public static HttpRequestMessage With(this HttpRequestMessage request, string header, string value)
    {
        Assert.True(request.Headers.TryAddWithoutValidation(header, value));
        return request;
    }

    public static HttpRequestMessage Post(string url, object? body = null) =>
        new(HttpMethod.Post, url) { Content = body is null ? null : JsonContent.Create(body) };

    public static StringContent Yaml(string text) => new(text, Encoding.UTF8, "application/yaml");

    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
