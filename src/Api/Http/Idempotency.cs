using System.Security.Cryptography;
using System.Text;
using Control.Storage.Idempotency;
using Control.Storage.Secrets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Http;

/// <summary>Reads the header that makes a repeat recognisable.</summary>
internal static class Idempotency
{
    /// <summary>The header.</summary>
    public const string Header = "Idempotency-Key";

    private const int MaxKey = 128;

    /// <summary>The key; null when none was sent.</summary>
    /// <exception cref="ControlException">It is not 1 to 128 printable ASCII characters.</exception>
    public static string? Key(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(Header, out var values))
        {
            return null;
        }

        var key = values.ToString();
        return key.Length is >= 1 and <= MaxKey && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw Outcomes.BadRequest(new FieldError(Header, $"Must have 1 to {MaxKey} printable ASCII characters without spaces."));
    }

    /// <summary>
    /// The id by which a grain recognises a repeated operation: the same for the same token and key even when the answer
    /// was lost and nothing was kept here; hashed, as both together may exceed a grain's limit. Random without a key.
    /// </summary>
    public static string OperationId(HttpContext http, Caller caller) => Key(http.Request) is { } key
        ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.Actor.Id}:{key}")))
        : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>What two requests must share to be the same.</summary>
    public static string RequestHash(HttpRequest request, byte[] body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}

/// <summary>
/// Gives a repeated POST the first one's answer. Answers that a repeat could better (5xx, 429) are not kept, and neither
/// are faults: their repeat does the work again, which grains recognise by the operation id.
/// </summary>
/// <param name="showsSecret">Whether the kept answer is to be sealed.</param>
internal sealed class IdempotencyFilter(bool showsSecret) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (Idempotency.Key(http.Request) is not { } key)
        {
            return await next(context);
        }

        var body = http.Features.Get<RequestBytes>()?.Bytes ?? await RequestBytes.ReadAsync(http);
        var principal = http.Features.GetRequiredFeature<Caller>().Actor.Id;
        var store = http.RequestServices.GetRequiredService<IdempotencyStore>();
        var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var begun = await store.BeginAsync(principal, key, Idempotency.RequestHash(http.Request, body), now, http.RequestAborted);
        return begun.Outcome switch
        {
            IdempotencyOutcome.New => await DoAsync(context, next, store, begun.Claim!),
            IdempotencyOutcome.Replay => KeptResponse.Read(http, principal, key, begun.Answer!),
            IdempotencyOutcome.InProgress => new ProblemResult(InProgress),
            _ => new ProblemResult(Mismatch),
        };
    }

    private static Problem InProgress { get; } = Problem.Of(
        StatusCodes.Status409Conflict, "idempotency-in-progress", "The first request with this key is still at work. Repeat this one in a moment.") with
    { RetryAfter = 1 };

    private static Problem Mismatch { get; } = Problem.Of(
        StatusCodes.Status422UnprocessableEntity, "idempotency-mismatch", "This key was used for another request. Take a new key for a new request.");

    private async Task<object?> DoAsync(
        EndpointFilterInvocationContext context, EndpointFilterDelegate next, IdempotencyStore store, IdempotencyClaim claim)
    {
        var kept = false;
        try
        {
            var response = await KeptResponse.CaptureAsync(context.HttpContext, await next(context));
            kept = response.IsFinal && await store.CompleteAsync(
                claim, response.Status, response.ContentType ?? "", response.Write(context.HttpContext, claim, showsSecret), CancellationToken.None);
            return response;
        }
        finally
        {
            if (!kept)
            {
                await store.AbandonAsync(claim, CancellationToken.None);
            }
        }
    }
}

/// <summary>An answer as it was given, to be given again.</summary>
internal sealed record KeptResponse(int Status, string? ContentType, string? Location, string? RetryAfter, byte[] Body, bool Sealed, bool Replayed) : IResult
{
    /// <summary>Whether a repeat would get the same answer anyway.</summary>
    public bool IsFinal => Status is < 500 and not StatusCodes.Status429TooManyRequests;

    /// <summary>Runs a result against a buffer.</summary>
    public static async Task<KeptResponse> CaptureAsync(HttpContext http, object? result)
    {
        var response = http.Response;
        var wire = response.Body;
        using var buffer = new MemoryStream();
        response.Body = buffer;
        try
        {
            await ((IResult)result!).ExecuteAsync(http);
            await response.BodyWriter.FlushAsync();
        }
        finally
        {
            response.Body = wire;
        }

        return new KeptResponse(
            response.StatusCode, response.ContentType, response.Headers.Location, response.Headers.RetryAfter, buffer.ToArray(), Sealed: false, Replayed: false);
    }

    /// <summary>The stored form.</summary>
    public byte[] Write(HttpContext http, IdempotencyClaim claim, bool seal) => Encoding.UTF8.GetBytes(ContractJson.Write(seal
        ? this with { Body = [.. Box(http).Seal(Body, Context(claim.Principal, claim.Key))], Sealed = true }
        : this));

    /// <summary>The answer of a stored form.</summary>
    public static KeptResponse Read(HttpContext http, string principal, string key, KeptAnswer answer)
    {
        var kept = ContractJson.Read<KeptResponse>(Encoding.UTF8.GetString(answer.Body)) with { Replayed = true };
        return kept.Sealed ? kept with { Body = Box(http).Open([.. kept.Body], Context(principal, key)), Sealed = false } : kept;
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.Headers.Location = Location;
        response.Headers.RetryAfter = RetryAfter;
        if (Replayed)
        {
            response.Headers["Idempotency-Replayed"] = "true";
        }

        return Body.Length == 0 ? Task.CompletedTask : response.Body.WriteAsync(Body, httpContext.RequestAborted).AsTask();
    }

    private static SecretBox Box(HttpContext http) => http.RequestServices.GetRequiredService<SecretBox>();

    private static string Context(string principal, string key) => $"idempotency/{principal}/{key}";
}
