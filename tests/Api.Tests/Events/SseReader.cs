namespace Control.Api.Tests.Events;

internal sealed record SseEvent(string Type, string Id, JsonElement Data);

/// <summary>Reads server-sent events; comments are kept aside.</summary>
internal sealed class SseReader(HttpResponseMessage response, Stream stream) : IDisposable
{
    private readonly StreamReader _reader = new(stream);

    public List<string> Comments { get; } = [];

    public static async Task<SseReader> OpenAsync(HttpClient client, string url, string? lastId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url).With("Accept", "text/event-stream");
        if (lastId is not null)
        {
            request.With("Last-Event-ID", lastId);
        }

        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return new SseReader(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event; null at the end of the stream.</summary>
    public async Task<SseEvent?> NextAsync()
    {
        var (type, id) = ("", "");
        while (await _reader.ReadLineAsync() is { } line)
        {
            switch (line.Split(": ", 2))
            {
                case ["event", var value]:
                    type = value;
                    break;
                case ["id", var value]:
                    id = value;
                    break;
                case ["data", var value]:
                    return new SseEvent(type, id, JsonDocument.Parse(value).RootElement);
                case ["", var comment]:
                    Comments.Add(comment);
                    break;
            }
        }

        return null;
    }

    /// <summary>All events to the end.</summary>
    public async Task<List<SseEvent>> AllAsync()
    {
        var all = new List<SseEvent>();
        while (await NextAsync() is { } next)
        {
            all.Add(next);
        }

        return all;
    }

    public void Dispose()
    {
        _reader.Dispose();
        response.Dispose();
    }
}
