using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Metadata;

namespace Control.Api.Http;

/// <summary>A JSON request body that knows what is wrong with itself.</summary>
internal interface IRequestBody
{
    /// <summary>Every field at fault; members may be null here whatever their type says.</summary>
    IEnumerable<FieldError> Check();
}

/// <summary>The bytes of the body, kept for the hash that recognises a repeated request.</summary>
internal sealed record RequestBytes(byte[] Bytes)
{
    private const int DefaultLimit = 1 << 20;

    /// <summary>Reads the body once, up to the route's limit.</summary>
    /// <exception cref="ControlException">It is larger than that.</exception>
    public static async Task<byte[]> ReadAsync(HttpContext http)
    {
        var limit = http.GetEndpoint()?.Metadata.GetMetadata<IRequestSizeLimitMetadata>()?.MaxRequestBodySize ?? DefaultLimit;
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        for (int read; (read = await ReadAsync(http, chunk)) > 0;)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > limit)
            {
                throw new ControlException("too-large", $"The body is larger than the {limit} bytes this route takes.");
            }
        }

        var bytes = buffer.ToArray();
        http.Features.Set(new RequestBytes(bytes));
        return bytes;
    }

    private static async ValueTask<int> ReadAsync(HttpContext http, byte[] chunk)
    {
        try
        {
            return await http.Request.Body.ReadAsync(chunk, http.RequestAborted);
        }
        catch (IOException fault) when (fault is not BadHttpRequestException)
        {
            throw new HungUpException(fault);
        }
    }
}

/// <summary>The caller hung up before its request was read: nobody is there to answer, and nothing went wrong here.</summary>
internal sealed class HungUpException(Exception inner) : OperationCanceledException("The caller hung up.", inner);

/// <summary>A strictly read JSON body: unknown, repeated and misshapen members and every failed check are told at once.</summary>
internal sealed class Body<T>
    where T : class, IRequestBody
{
    private Body(T value) => Value = value;

    public T Value { get; }

    public static async ValueTask<Body<T>> BindAsync(HttpContext http, ParameterInfo parameter)
    {
        var bytes = await RequestBytes.ReadAsync(http);
        if (bytes.Length > 0 && !http.Request.HasJsonContentType())
        {
            throw new ControlException("unsupported-media-type", "Send the body as application/json.");
        }

        return new Body<T>(JsonBodies.Read<T>(bytes.Length == 0 ? "{}"u8.ToArray() : bytes));
    }
}

/// <summary>Reads bodies member by member, so that one error does not hide the others.</summary>
internal static class JsonBodies
{
    /// <summary>Most members told as wrong: what follows would rarely be read, and an answer must not dwarf its request.</summary>
    private const int MaxErrors = 100;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <exception cref="ControlException">Fields are wrong; all of them are named.</exception>
    public static T Read<T>(byte[] bytes)
        where T : class, IRequestBody
    {
        using var document = Parse(bytes);
        var errors = new List<FieldError>();
        var value = Sound<T>(document.RootElement, errors);
        var shaped = errors.Select(e => e.Field).ToHashSet(StringComparer.Ordinal);
        errors.AddRange(value.Check().Where(e => !shaped.Contains(e.Field)));
        return errors.Count == 0 ? value : throw Outcomes.BadRequest([.. errors.Take(MaxErrors)]);
    }

    private static JsonDocument Parse(byte[] bytes)
    {
        try
        {
            var document = JsonDocument.Parse(bytes, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new JsonException("Send a JSON object.");
        }
        catch (JsonException exception)
        {
            throw Outcomes.BadRequest(new FieldError(
                "body",
                "Must be a JSON object without repeated members.",
                (int)(exception.LineNumber ?? -1) + 1,
                (int)(exception.BytePositionInLine ?? -1) + 1));
        }
    }

    /// <summary>The value made of the members that are right; the others are put into <paramref name="errors"/>.</summary>
    private static T Sound<T>(JsonElement body, List<FieldError> errors)
        where T : class
    {
        var known = ContractJson.Options.GetTypeInfo(typeof(T)).Properties.ToDictionary(p => p.Name, StringComparer.Ordinal);
        using var sound = new MemoryStream();
        using (var writer = new Utf8JsonWriter(sound))
        {
            writer.WriteStartObject();
            foreach (var member in body.EnumerateObject().Where(m => IsSound(m, known, errors)))
            {
                member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return JsonSerializer.Deserialize<T>(Encoding.UTF8.GetString(sound.ToArray()), ContractJson.Options)!;
    }

    private static bool IsSound(JsonProperty member, Dictionary<string, JsonPropertyInfo> known, List<FieldError> errors)
    {
        if (!known.TryGetValue(member.Name, out var property))
        {
            errors.Add(new FieldError(Shorten(member.Name), $"Unknown; known are {string.Join(", ", known.Keys)}."));
            return false;
        }

        try
        {
            member.Value.Deserialize(property.PropertyType, ContractJson.Options);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            var path = (exception as JsonException)?.Path?.TrimStart('$') ?? "";
            errors.Add(new FieldError(Shorten(member.Name + path), $"Has the wrong type: {Wanted(property.PropertyType)} is needed."));
            return false;
        }
    }

    private static string Shorten(string name) => name.Length <= 100 ? name : name[..100];

    private static string Wanted(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(string) => "text",
        var t when t == typeof(bool) => "true or false",
        var t when t.IsEnum => "one of " + string.Join(", ", Enum.GetNames(t).Skip(1).Select(JsonNamingPolicy.CamelCase.ConvertName)),
        var t when t.IsPrimitive => "a number",
        var t when t.IsAssignableTo(typeof(System.Collections.IDictionary)) => "an object of texts",
        var t when t.IsAssignableTo(typeof(System.Collections.IEnumerable)) => "a list of texts",
        _ => "an object",
    };
}

/// <summary>A body of YAML or JSON text.</summary>
internal sealed class TextBody
{
    /// <summary>Largest pipeline definition, in bytes.</summary>
    public const int Limit = 256 * 1024;

    /// <summary>Content types it may come as.</summary>
    public static ImmutableArray<string> ContentTypes { get; } = ["application/yaml", "text/yaml", "application/x-yaml", "application/json"];

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private TextBody(string text) => Text = text;

    public string Text { get; }

    public static async ValueTask<TextBody> BindAsync(HttpContext http, ParameterInfo parameter)
    {
        if (!ContentTypes.Contains(http.Request.ContentType?.Split(';')[0].Trim().ToLowerInvariant() ?? ""))
        {
            throw new ControlException("unsupported-media-type", $"Send the body as {string.Join(", ", ContentTypes)}.");
        }

        try
        {
            return new TextBody(Utf8.GetString(await RequestBytes.ReadAsync(http)));
        }
        catch (DecoderFallbackException)
        {
            throw Outcomes.BadRequest(new FieldError("body", "Must be UTF-8 text."));
        }
    }
}
