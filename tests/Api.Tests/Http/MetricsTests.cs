using System.Diagnostics.Metrics;
using Control.Api.Http.Metrics;
using Control.TestKit.Databases;

namespace Control.Api.Tests.Http;

public sealed class MetricsTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Collect_EveryKindOfInstrument_WritesTheTextFormat()
    {
        using var exporter = new MetricsExporter();
        await exporter.StartAsync(default);
        using var meter = new Meter("Control.Test.Kinds");
        meter.CreateCounter<long>("kinds.calls", "{call}", "Calls\nmade").Add(3, new KeyValuePair<string, object?>("grain.type", "a\"b\\c\nd"));
        var active = meter.CreateUpDownCounter<int>("kinds.active");
        active.Add(5);
        active.Add(-2);
        var level = meter.CreateGauge<double>("kinds.level", "1");
        level.Record(7);
        level.Record(0.5);
        meter.CreateObservableCounter("kinds.read", () => 42L, "By");
        var durations = meter.CreateHistogram("kinds.duration", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        durations.Record(0.05);
        durations.Record(0.1);
        durations.Record(5);

        exporter.Collect();
        var lines = exporter.Collect().Split('\n').Where(l => l.Contains("kinds_", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            [
                "# HELP kinds_active ", "# TYPE kinds_active gauge", "kinds_active 3",
                "# HELP kinds_calls_total Calls\\nmade", "# TYPE kinds_calls_total counter", "kinds_calls_total{grain_type=\"a\\\"b\\\\c\\nd\"} 3",
                "# HELP kinds_duration_seconds ", "# TYPE kinds_duration_seconds histogram",
                "kinds_duration_seconds_bucket{le=\"0.1\"} 2", "kinds_duration_seconds_bucket{le=\"1\"} 2", "kinds_duration_seconds_bucket{le=\"+Inf\"} 3",
                "kinds_duration_seconds_sum 5.15", "kinds_duration_seconds_count 3",
                "# HELP kinds_level_ratio ", "# TYPE kinds_level_ratio gauge", "kinds_level_ratio 0.5",
                "# HELP kinds_read_bytes_total ", "# TYPE kinds_read_bytes_total counter", "kinds_read_bytes_total 42",
            ],
            lines);
    }

    [Fact]
    public async Task Collect_TooManyLabelSets_SharesOneOverflowSeries()
    {
        using var exporter = new MetricsExporter();
        await exporter.StartAsync(default);
        using var meter = new Meter("Control.Test.Many");
        var counter = meter.CreateCounter<long>("many");
        for (var i = 0; i < MetricFamily.MaxSeries + 50; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("n", i));
        }

        var lines = exporter.Collect().Split('\n').Where(l => l.StartsWith("many_total{", StringComparison.Ordinal)).ToList();
        Assert.Equal(MetricFamily.MaxSeries + 1, lines.Count);
        Assert.Contains("many_total{otel_metric_overflow=\"true\"} 50", lines);
    }

    [Fact]
    public async Task Metrics_FromHereOrWithAToken_ShowRequests()
    {
        using var stranger = host.Client(null);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/healthz")).StatusCode);
        var answer = await stranger.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Contains("http_server_request_duration_seconds_bucket{", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await (await stranger.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/metrics").With("X-Forwarded-For", "127.0.0.1"))).ProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Metrics_NotFromHere_NeedTheReadScope()
    {
        var own = new ApiHost { Configure = o => o.MetricsFromLoopback = false };
        await own.InitializeAsync();
        using (var stranger = own.Client(null))
        using (var runner = own.Client(await own.Seed.TokenAsync("runs", ApiHost.Later, [Scopes.Run])))
        using (var reader = own.Client(await own.Seed.TokenAsync("reads", ApiHost.Later, [Scopes.Read])))
        {
            await (await stranger.GetAsync("/metrics")).ProblemAsync(HttpStatusCode.Unauthorized);
            await (await runner.GetAsync("/metrics")).ProblemAsync(HttpStatusCode.Forbidden);
            Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/metrics")).StatusCode);
        }

        await own.DisposeAsync();
    }

    [PostgresFact]
    public async Task Ready_DatabaseAway_Answers503UntilItIsBack()
    {
        await using var server = await PostgresServer.StartAsync();
        var own = new ApiHost { Database = server.Connection("ready") };
        await own.InitializeAsync();
        using (var stranger = own.Client(null))
        {
            Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/readyz")).StatusCode);
            await server.KillAsync();
            var answer = await stranger.GetAsync("/readyz");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("storage", (await answer.JsonAsync()).GetProperty("parts")[0].GetString());
            await server.StartAgainAsync();
            Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/readyz")).StatusCode);
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Ready_GrainsFail_Answers503AndNamesThePart()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        using (var stranger = own.Client(null))
        {
            Assert.Equal("ok", (await (await stranger.GetAsync("/readyz")).JsonAsync()).GetProperty("status").GetString());
            own.Grains.Before = _ => throw new TimeoutException();
            var answer = await stranger.GetAsync("/readyz");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("grains", (await answer.JsonAsync()).GetProperty("parts")[0].GetString());
        }

        await own.DisposeAsync();
    }
}
