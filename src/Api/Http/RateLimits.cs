using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Http;

/// <summary>Names and settings of the rate limits.</summary>
internal static class RateLimits
{
    /// <summary>Joins by remote address.</summary>
    public const string Join = "join";

    /// <summary>Calls of one agent.</summary>
    public const string Agent = "agent";

    /// <summary>
    /// Calls per second that an agent may keep up, and how many at once: 256 jobs that each upload twice a second stay
    /// below it.
    /// </summary>
    private const int AgentCallsPerSecond = 1_000;

    public static void AddTo(RateLimiterOptions options)
    {
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        options.OnRejected = (context, _) => new ValueTask(new ProblemResult(TooFast).ExecuteAsync(context.HttpContext));
        options.AddPolicy(Join, http => RateLimitPartition.GetFixedWindowLimiter(RemoteAddress.Of(http), _ => new FixedWindowRateLimiterOptions
        {
            PermitLimit = http.RequestServices.GetRequiredService<IOptions<ApiOptions>>().Value.JoinsPerMinute,
            Window = TimeSpan.FromMinutes(1),
        }));
        options.AddPolicy(Agent, http => RateLimitPartition.GetTokenBucketLimiter(
            http.Features.Get<Caller>()?.Actor.Id ?? "", _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = AgentCallsPerSecond,
                TokensPerPeriod = AgentCallsPerSecond / 10,
                ReplenishmentPeriod = TimeSpan.FromMilliseconds(100),
                QueueLimit = 0,
            }));
    }

    private static Problem TooFast { get; } = Problem.Of(
        StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests. Wait a moment.") with
    { RetryAfter = 10 };
}
