using System.Globalization;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Control.Chaos.History;
using Control.Chaos.Sites;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Chaos.Loads;

/// <summary>An event as a follower got it.</summary>
/// <param name="Run">The run's view; null for an event about something else.</param>
/// <param name="Attempt">The attempt's view; null for an event about something else.</param>
internal sealed record Told(RunView? Run, AttemptView? Attempt);

/// <summary>
/// Follows runs' events as they come over the wire, over broken connections, and notes each: unlike the command line's client
/// it leaves nothing out that a server repeats.
/// </summary>
internal sealed class Follower : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    // A little more than a gateway's heartbeat, which the parser does not show.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;
    private readonly Recorder _recorder;

    public Follower(Site site, Recorder recorder)
    {
        _recorder = recorder;
        var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, seen, _, _) => seen is not null && Convert.ToHexStringLower(SHA256.HashData(seen.RawData)) == site.Fingerprint,
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{site.Gateways.Port}")), Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", site.Token);
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
    }

    /// <summary>A run's events after one, up to its end.</summary>
    /// <param name="name">The follower's, in the history.</param>
    /// <param name="run">Whose.</param>
    /// <param name="last">The number of the last one it has; told the new one.</param>
    /// <param name="cancellationToken">Stops following.</param>
    public async IAsyncEnumerable<Told> FollowAsync(string name, RunId run, Position last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var connection = new Connection(_http, run, last.Sequence, cancellationToken);
            while (await connection.NextAsync() is { } item)
            {
                if (item.EventType == "end") yield break;
                yield return Note(name, run, last, item);
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Told Note(string name, RunId run, Position last, SseItem<string> item)
    {
        using var message = JsonDocument.Parse(item.Data);
        last.Sequence = message.RootElement.GetProperty("sequence").GetInt64();
        var body = message.RootElement.GetProperty("data").GetRawText();
        var told = new Told(
            item.EventType is EventTypes.RunCreated or EventTypes.RunChanged ? ContractJson.Read<RunView>(body) : null,
            item.EventType == EventTypes.AttemptChanged ? ContractJson.Read<AttemptView>(body) : null);
        var now = Recorder.Now;
        _recorder.Note(new EventSeen(now, name, run, last.Sequence, item.Data));
        if (told.Run is { } view) _recorder.Note(new RunSeen(now, run, last.Sequence, view.State));
        if (told.Attempt is { } attempt) _recorder.Note(new AttemptSeen(now, attempt.Id, last.Sequence, attempt.State));
        return told;
    }

    /// <summary>How far a follower has come.</summary>
    internal sealed class Position
    {
        public long Sequence { get; set; }
    }

    /// <summary>One connection; whatever goes wrong with it is its end.</summary>
    private sealed class Connection(HttpClient http, RunId run, long after, CancellationToken cancellationToken) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        private HttpResponseMessage? _response;
        private IAsyncEnumerator<SseItem<string>>? _items;

        public async Task<SseItem<string>?> NextAsync()
        {
            try
            {
                _silence.CancelAfter(Silence);
                _items ??= await OpenAsync();
                return await _items.MoveNextAsync() ? _items.Current : null;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested && error is HttpRequestException or IOException or OperationCanceledException)
            {
                return null;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_items is not null) await _items.DisposeAsync();
            _response?.Dispose();
            _silence.Dispose();
        }

        private async Task<IAsyncEnumerator<SseItem<string>>> OpenAsync()
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"api/v1/workspaces/{run.Pipeline.Workspace}/pipelines/{run.Pipeline.Name}/runs/{run.Number}/events"));
            if (after > 0) request.Headers.Add("Last-Event-ID", after.ToString(CultureInfo.InvariantCulture));
            _response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _silence.Token);
            _response.EnsureSuccessStatusCode();
            return SseParser.Create(await _response.Content.ReadAsStreamAsync(_silence.Token)).EnumerateAsync(_silence.Token).GetAsyncEnumerator(_silence.Token);
        }
    }
}
