using System.Threading.RateLimiting;

namespace Control.Api.Access;

/// <summary>
/// Counts wrong credentials per remote address. Above the limit an address gets 429 without a lookup, unless its credential
/// is one that was found good a moment ago.
/// </summary>
internal sealed class FailedSignIns(IOptions<ApiOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<HttpContext> _limiter = PartitionedRateLimiter.Create<HttpContext, string>(
        http => RateLimitPartition.GetFixedWindowLimiter(RemoteAddress.Of(http), _ => new FixedWindowRateLimiterOptions
        {
            PermitLimit = options.Value.FailedSignInsPerMinute,
            Window = TimeSpan.FromMinutes(1),
        }));

    /// <summary>True when the address has used its failures up; remembered for the answer's status.</summary>
    public bool AreTooMany(HttpContext http)
    {
        using var lease = _limiter.AttemptAcquire(http, 0);
        if (!lease.IsAcquired)
        {
            http.Features.Set(Problem.Of(
                StatusCodes.Status429TooManyRequests,
                "too-many-failures",
                "Too many wrong credentials came from this address. Wait a minute.") with
            { RetryAfter = 60 });
        }

        return !lease.IsAcquired;
    }

    public void Count(HttpContext http) => _limiter.AttemptAcquire(http).Dispose();

    public void Dispose() => _limiter.Dispose();
}

/// <summary>The address that a request came from, as a key for limits.</summary>
internal static class RemoteAddress
{
    /// <summary>IPv6 addresses count by their /64, which is what one machine commonly has.</summary>
    public static string Of(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } address)
        {
            return "unknown";
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            ? Convert.ToHexString(plain.GetAddressBytes().AsSpan(0, 8))
            : plain.ToString();
    }
}
