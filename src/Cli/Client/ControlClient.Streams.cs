using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>The event type that ends a stream for good.</summary>
    private const string EndEvent = "end";

    /// <summary>Tries in a row without a single event before a stream gives up; with the longest pause about five minutes.</summary>
    private const int StreamTries = 36;

    /// <summary>A stream's events; a broken connection is resumed after the last one seen. Ends with the server's end event.</summary>
    private async IAsyncEnumerable<SseItem<string>> StreamAsync(
        string path, string? lastEventId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var failures = 0; ;)
        {
            await using var connection = new EventConnection(this, new ApiRequest(HttpMethod.Get, path, LastEventId: lastEventId));
            while (await connection.NextAsync(failures < StreamTries, cancellationToken) is { } item)
            {
                if (item.EventType == EndEvent)
                {
                    yield break;
                }

                (failures, lastEventId) = (0, item.EventId ?? lastEventId);
                yield return item;
            }

            await Task.Delay(Pause(++failures), _options.Time, cancellationToken);
        }
    }

    /// <summary>One connection of a stream; it turns passing failures into the end of the connection.</summary>
    private sealed class EventConnection(ControlClient client, ApiRequest request) : IAsyncDisposable
    {
        private HttpResponseMessage? _response;
        private IAsyncEnumerator<SseItem<string>>? _items;

        /// <summary>The next event; null when the connection is over and another may be tried.</summary>
        public async Task<SseItem<string>?> NextAsync(bool mayFail, CancellationToken cancellationToken)
        {
            try
            {
                _items ??= await OpenAsync(cancellationToken);
                return await _items.MoveNextAsync() ? _items.Current : null;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (mayFail && IsPassing(e))
                {
                    return null;
                }

                throw client.Explain(e) ?? e;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_items is not null)
            {
                await _items.DisposeAsync();
            }

            _response?.Dispose();
        }

        private async Task<IAsyncEnumerator<SseItem<string>>> OpenAsync(CancellationToken cancellationToken)
        {
            using var limit = new CancellationTokenSource(client._options.Timeout, client._options.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            _response = await client.SendAsync(request, "text/event-stream", both.Token);
            var body = await _response.Content.ReadAsStreamAsync(both.Token);
            var lively = new SilenceLimitedStream(body, client._options.StreamSilence, client._options.Time);
            return SseParser.Create(lively).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        }
    }
}
