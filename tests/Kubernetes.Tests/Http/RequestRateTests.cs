using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Http;
using Control.TestKit;

namespace Control.Kubernetes.Tests.Http;

public sealed class RequestRateTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Take_Burst_ThenAtTheRateThenBurstAgainAfterARest()
    {
        var rate = new RequestRate(perSecond: 10, burst: 3, _clock);
        Assert.Equal([0, 0, 0, 100, 200], Take(rate, 5));
        _clock.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal([50], Take(rate, 1));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([0, 0, 0, 100], Take(rate, 4));
    }

    [Fact]
    public void Take_LongerThanWanted_TakesNothing()
    {
        var rate = new RequestRate(perSecond: 1, burst: 1, _clock);
        Assert.Equal([0, 1000], Take(rate, 2));
        Assert.Null(rate.Take(TimeSpan.FromSeconds(1.5)));
        Assert.Equal(TimeSpan.FromSeconds(2), rate.Take(TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task Client_OverItsRate_RefusedWithoutAskingTheCluster()
    {
        using var cluster = new FakeCluster();
        using var client = cluster.Client(options: new ClientOptions { RequestsPerSecond = 1, Burst = 1, LongestWait = TimeSpan.Zero }, time: _clock);
        var first = client.VersionAsync();
        await cluster.AnswerAsync(200, "{}");
        await first;
        Assert.Equal(429, (await Assert.ThrowsAsync<KubernetesException>(() => client.VersionAsync())).Status.Code);
        Assert.Single(cluster.Bodies);
    }

    [Fact]
    public void Options_OutOfRange_AllNamed()
    {
        var fault = Assert.Throws<ArgumentException>(() => new ClientOptions { Burst = 0, Tries = 11 }.Validate());
        Assert.Equal("ClientOptions.Burst must be 1 to 100,000. ClientOptions.Tries must be 1 to 10.", fault.Message);
    }

    private static IEnumerable<double> Take(RequestRate rate, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => rate.Take(TimeSpan.FromMinutes(1))!.Value.TotalMilliseconds)];
}
