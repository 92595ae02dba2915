using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Control.Contracts;

namespace Control.Cli.Client;

/// <summary>A request's body as bytes, so that a repeat sends the same ones.</summary>
internal sealed record RequestBody(byte[] Bytes, string MediaType)
{
    public static RequestBody Json<T>(T value) => new(Encoding.UTF8.GetBytes(ContractJson.Write(value)), "application/json");

    public static RequestBody Yaml(string text) => new(Encoding.UTF8.GetBytes(text), "application/yaml");

    public HttpContent ToContent()
    {
        var content = new ByteArrayContent(Bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaType, "utf-8");
        return content;
    }
}

/// <summary>One request, repeatable.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">Below <c>/api/v1</c>, query included, already escaped.</param>
/// <param name="Body">What to send; null for nothing.</param>
/// <param name="Condition">Entity tag for <c>If-Match</c>, or <c>*</c> to demand that there is no such object yet; null for neither.</param>
/// <param name="LastEventId">Where a stream goes on; null for its beginning.</param>
/// <param name="Range">Bytes wanted, the second number excluded; null for all.</param>
internal sealed record ApiRequest(
    HttpMethod Method,
    string Path,
    RequestBody? Body = null,
    string? Condition = null,
    string? LastEventId = null,
    (long Start, long End)? Range = null)
{
    /// <summary>The same for every repeat of a POST, so that the server does it once.</summary>
    public string? IdempotencyKey { get; } = Method == HttpMethod.Post ? Guid.NewGuid().ToString("N") : null;

    /// <summary>W3C trace id, the same for every repeat.</summary>
    public string TraceId { get; } = ActivityTraceId.CreateRandom().ToHexString();

    public override string ToString() => $"{Method} {Path}";

    public HttpRequestMessage ToMessage(Uri baseAddress, string? token, string accept)
    {
        var message = new HttpRequestMessage(Method, new Uri(baseAddress, "api/v1" + Path)) { Content = Body?.ToContent() };
        message.Headers.TryAddWithoutValidation("Accept", accept);
        AddWhenSet(message, "Authorization", token is null ? null : $"Bearer {token}");
        AddWhenSet(message, "traceparent", $"00-{TraceId}-{ActivitySpanId.CreateRandom()}-01");
        AddWhenSet(message, "Idempotency-Key", IdempotencyKey);
        AddWhenSet(message, "Last-Event-ID", LastEventId);
        message.Headers.Range = Range is { } range ? new RangeHeaderValue(range.Start, range.End - 1) : null;
        AddWhenSet(message, Condition == "*" ? "If-None-Match" : "If-Match", Condition);
        return message;
    }

    private static void AddWhenSet(HttpRequestMessage message, string name, string? value)
    {
        if (value is not null)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }
    }
}
