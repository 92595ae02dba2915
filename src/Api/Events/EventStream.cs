using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Control.Api.Events;

/// <summary>
/// Writes server-sent events (WHATWG HTML, section 9.2). Nothing is queued: a slow reader slows only its own stream, by the
/// connection's back pressure.
/// </summary>
/// <param name="response">Of the reader.</param>
/// <param name="incarnation">The store's, which every event's id carries.</param>
internal sealed class EventStream(HttpResponse response, string incarnation)
{
    /// <summary>The media type.</summary>
    public const string ContentType = "text/event-stream";

    /// <summary>True when the caller asks for a stream.</summary>
    public static bool IsWanted(HttpRequest request) => request.GetTypedHeaders().Accept.Any(a => a.MediaType == ContentType);

    /// <summary>Sends the headers and how long to wait before a reconnect.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        response.ContentType = ContentType;
        response.Headers["X-Accel-Buffering"] = "no";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await WriteAsync("retry: 2000\n\n"u8.ToArray(), cancellationToken);
    }

    /// <summary>Sends an event; the data is JSON and so has no line break.</summary>
    public Task SendAsync<T>(string type, long number, T data, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        Encoding.UTF8.GetBytes($"event: {type}\nid: {StreamPlace.Write(number, incarnation)}\ndata: ", buffer);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            JsonSerializer.Serialize(writer, data, ContractJson.Options);
        }

        buffer.Write("\n\n"u8);
        return WriteAsync(buffer.WrittenMemory, cancellationToken);
    }

    /// <summary>Sends a comment that shows both ends that the connection lives.</summary>
    public Task BeatAsync(CancellationToken cancellationToken) => WriteAsync(": alive\n\n"u8.ToArray(), cancellationToken);

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(bytes, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
