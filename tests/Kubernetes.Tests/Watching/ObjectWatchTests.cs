using System.Threading.Channels;
using Control.Kubernetes.Client;
using Control.Kubernetes.Watching;
using Control.TestKit;

namespace Control.Kubernetes.Tests.Watching;

public sealed class ObjectWatchTests : IAsyncDisposable
{
    private readonly FakeCluster _cluster = new();
    private readonly ManualClock _clock = new();
    private readonly KubernetesClient _client;
    private readonly Channel<WatchUpdate> _told = Channel.CreateUnbounded<WatchUpdate>();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _watching;

    public ObjectWatchTests()
    {
        _client = _cluster.Client(time: _clock);
        _watching = new ObjectWatch(_client, FakeCluster.Pods, "a", new Selector("app=x"), _clock).RunAsync(update => _told.Writer.WriteAsync(update), _end.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _watching);
        _end.Dispose();
        _client.Dispose();
        _cluster.Dispose();
    }

    [Fact]
    public async Task Run_ListsWatchesAndGoesOnWhereTheServerEndedIt()
    {
        var list = await _cluster.AnswerAsync(200, List("5", Pod("one", "3")));
        Assert.Equal("/at/all/api/v1/namespaces/a/pods?labelSelector=app%3Dx&limit=500", list.Path);
        Assert.Equal("one@3", Text(await NextAsync()));

        var watch = await _cluster.NextAsync();
        Assert.StartsWith("/at/all/api/v1/namespaces/a/pods?watch=true&allowWatchBookmarks=true&labelSelector=app%3Dx&resourceVersion=5&timeoutSeconds=", watch.Path, StringComparison.Ordinal);
        var stream = watch.Stream();
        // Cut anywhere.
        await stream.SayAsync($"{Event("ADDED", Pod("two", "6"))}\n{Event("MODIFIED", Pod("one", "7"))[..20]}");
        Assert.Equal("Added two@6", Text(await NextAsync()));
        await stream.SayAsync($"{Event("MODIFIED", Pod("one", "7"))[20..]}\r\n\n{Event("BOOKMARK", Pod("", "9"))}\n{Event("DELETED", Pod("two", "8"))}\n{Event("BOOKMARK", Pod("", "12"))}\n");
        Assert.Equal("Modified one@7", Text(await NextAsync()));
        Assert.Equal("Deleted two@8", Text(await NextAsync()));
        _clock.Advance(TimeSpan.FromMinutes(1));
        stream.End();

        Assert.Contains("resourceVersion=12&", (await _cluster.NextAsync()).Path, StringComparison.Ordinal);
        Assert.False(_told.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Run_VersionForgotten_ListsAgainAndSaysNothingOfAFailure()
    {
        await _cluster.AnswerAsync(200, List("5"));
        await NextAsync();
        var stream = (await _cluster.NextAsync()).Stream();
        _clock.Advance(TimeSpan.FromMinutes(1));
        await stream.SayAsync("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}""" + "\n");

        await _cluster.AnswerAsync(200, List("9", Pod("one", "8")));
        Assert.Equal("one@8", Text(await NextAsync()));
        // The watch, too, may be refused at once.
        await _cluster.AnswerAsync(410, """{"kind":"Status","code":410,"reason":"Expired"}""");
        await PassAsync(_cluster.NextAsync());
    }

    [Fact]
    public async Task Run_ConnectionBroken_SaysSoThenListsAgain()
    {
        await _cluster.AnswerAsync(200, List("5"));
        await NextAsync();
        var stream = (await _cluster.NextAsync()).Stream();
        await stream.SayAsync(Event("ADDED", Pod("two", "6")));
        stream.Break();
        Assert.IsType<WatchUpdate.Lost>(await NextAsync());

        var again = await PassAsync(_cluster.NextAsync());
        Assert.DoesNotContain("watch=", again.Path, StringComparison.Ordinal);
        again.Answer(200, List("9", Pod("two", "6")));
        Assert.Equal("two@6", Text(await NextAsync()));
    }

    [Fact]
    public async Task Run_Silence_CountsAsBroken()
    {
        await _cluster.AnswerAsync(200, List("5"));
        await NextAsync();
        var stream = (await _cluster.NextAsync()).Stream();
        await stream.SayAsync(Event("ADDED", Pod("two", "6")) + "\n");
        await NextAsync();
        _clock.Advance(TimeSpan.FromSeconds(90));
        Assert.Contains("silent for 90 s", Assert.IsType<WatchUpdate.Lost>(await NextAsync()).Fault.Message, StringComparison.Ordinal);
        await PassAsync(_cluster.NextAsync());
    }

    [Fact]
    public async Task Run_ManyPagesForgottenMeanwhile_ListsAllAtOnce()
    {
        await _cluster.AnswerAsync(200, """{"metadata":{"resourceVersion":"5","continue":"c"},"items":[{"metadata":{"name":"gone"}}]}""");
        await _cluster.AnswerAsync(410, """{"kind":"Status","code":410,"reason":"Expired"}""");
        var whole = await _cluster.AnswerAsync(200, List("9", Pod("one", "8")));
        Assert.Equal("/at/all/api/v1/namespaces/a/pods?labelSelector=app%3Dx", whole.Path);
        Assert.Equal("one@8", Text(await NextAsync()));
    }

    [Fact]
    public void Pause_Doubles_UpToHalfAMinute()
    {
        Assert.InRange(ObjectWatch.Pause(1), TimeSpan.FromMilliseconds(187), TimeSpan.FromMilliseconds(250));
        Assert.InRange(ObjectWatch.Pause(4), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2));
        Assert.InRange(ObjectWatch.Pause(1000), TimeSpan.FromSeconds(22), TimeSpan.FromSeconds(30));
    }

    // Lets time pass until something comes.
    private async Task<T> PassAsync<T>(Task<T> coming)
    {
        while (!coming.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return await coming;
    }

    private async Task<WatchUpdate> NextAsync() => await _told.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    private static string Text(WatchUpdate update) => update switch
    {
        WatchUpdate.Snapshot snapshot => string.Join(' ', snapshot.Objects.Select(one => $"{one.Key.Name}@{one.ResourceVersion}")),
        WatchUpdate.Change { Event: var change } => $"{change.Type} {change.Object.Key.Name}@{change.Object.ResourceVersion}",
        _ => update.ToString(),
    };

    private static string Pod(string name, string version) => $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{name}}}","resourceVersion":"{{{version}}}"}}""";

    private static string List(string version, params string[] items) => $$"""{"metadata":{"resourceVersion":"{{version}}"},"items":[{{string.Join(',', items)}}]}""";

    private static string Event(string type, string item) => $$"""{"type":"{{type}}","object":{{item}}}""";
}
