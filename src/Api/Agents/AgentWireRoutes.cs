using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Control.Storage.Logs;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Hosting;

namespace Control.Api.Agents;

/// <summary>Routes that agents call. Their credential is of its own kind and opens nothing else.</summary>
internal static class AgentWireRoutes
{
    /// <summary>Largest log chunk, in bytes.</summary>
    public const int MaxChunk = 1 << 20;

    /// <summary>Largest report, in bytes: 128 KiB of outputs, of which JSON may write each byte as six (\u0022), and the rest.</summary>
    private const int MaxReport = 1 << 20;

    public static void Map(IEndpointRouteBuilder api)
    {
        var agent = api.MapGroup("/agent").WithTags("Agent protocol");
        agent.MapPost("/join", Join).AllowAnonymous().RequireRateLimiting(RateLimits.Join).Takes<JoinRequest>(16 * 1024)
            .Describe("agentJoin", "Turns a join token into an agent");
        var known = agent.MapGroup("").RequireAuthorization(Policies.Agent).RequireRateLimiting(RateLimits.Agent)
            .AddEndpointFilter(new IncarnationFilter());
        known.MapPost("/poll", Poll).Takes<AgentPoll>(256 * 1024).Describe("agentPoll", "Renews an agent and gives it its orders; waits for some");
        known.MapPost("/reports", Report).Takes<AttemptReport>(MaxReport).Describe("agentReport", "Takes an agent's report of an attempt");
        known.MapPost("/logs", Logs).Accepts<Stream>("application/octet-stream").LimitBody(MaxChunk)
            .Describe("agentLog", "Takes a chunk of an attempt's log, at its end only");
    }

    private static async Task<Results<Ok<JoinResponse>, ProblemResult>> Join(WireBody<JoinRequest> body, JoinDesk desk, CancellationToken cancellationToken) =>
        await desk.JoinAsync(body.Value, cancellationToken);

    private static async Task<Results<Ok<AgentOrdersMessage>, ProblemResult>> Poll(
        WireBody<AgentPoll> body, Caller caller, IGrainFactory grains, AssignmentSecrets secrets, IHostApplicationLifetime host, CancellationToken aborted)
    {
        // A parked poll must not hold up a server that stops; the agent polls again elsewhere or later.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(aborted, host.ApplicationStopping);
        var outcome = await grains.GetGrain<IAgentGrain>(caller.Agent.Value).Poll(body.Value, ended.Token).WaitAsync(ended.Token);
        return outcome.Granted
            ? TypedResults.Ok(await secrets.AddToAsync(outcome.Value, ended.Token))
            : new ProblemResult(Problem.Of(outcome.Refusal));
    }

    private static async Task<Results<NoContent, ProblemResult>> Report(
        WireBody<AttemptReport> body, Caller caller, IGrainFactory grains, Leases leases, CancellationToken cancellationToken)
    {
        var report = body.Value with { Agent = caller.Agent };
        if (!await leases.AreOfAsync(caller.Agent, report.Attempt, cancellationToken))
        {
            return new ProblemResult(Leases.Stale(StatusCodes.Status409Conflict));
        }

        var outcome = await grains.GetGrain<IRunGrain>(report.Attempt.Run.ToString()).Report(report);
        return outcome.Granted ? TypedResults.NoContent() : new ProblemResult(Leases.Refused(outcome.Refusal));
    }

    private static async Task<Results<Ok<LogAck>, ProblemResult>> Logs(
        [AsParameters] ChunkQuery query, HttpContext http, Caller caller, Leases leases, LogStore logs, IOptions<ApiOptions> options)
    {
        var (attempt, lease, offset) = query.Checked(options.Value.MaxLogBytes);
        if (!await leases.HoldsAsync(caller.Agent, new LeaseRef(attempt, lease), http.RequestAborted))
        {
            return new ProblemResult(Leases.Stale(StatusCodes.Status410Gone));
        }

        var bytes = await RequestBytes.ReadAsync(http);
        var appended = await logs.AppendAsync(attempt, offset, bytes, http.RequestAborted);
        return appended.Accepted ? TypedResults.Ok(new LogAck(appended.Length)) : new ProblemResult(ChunkQuery.Misplaced(appended.Length));
    }
}

/// <summary>Which log a chunk belongs to, and where in it.</summary>
internal sealed record ChunkQuery(
    [FromQuery(Name = "attempt")] string? Attempt, [FromQuery(Name = "lease")] string? Lease, [FromQuery(Name = "offset")] string? Offset)
{
    /// <summary>The parts as values.</summary>
    /// <exception cref="ControlException">One of them is missing or wrong, or the log would grow beyond the limit.</exception>
    public (AttemptId Attempt, long Lease, long Offset) Checked(long maxBytes)
    {
        if (!AttemptId.TryParse(Attempt, null, out var attempt))
        {
            throw Outcomes.BadRequest(new FieldError("attempt", "Must be workspace/pipeline/number/stage.job/attempt."));
        }

        var (lease, offset) = (Lists.Number("lease", Lease, -1), Lists.Number("offset", Offset, -1));
        if (lease < 0 || offset < 0)
        {
            throw Outcomes.BadRequest(new FieldError(lease < 0 ? "lease" : "offset", "Must be given."));
        }

        return offset <= maxBytes - AgentWireRoutes.MaxChunk
            ? (attempt, lease, offset)
            : throw new ControlException("too-large", $"A log may have {maxBytes} bytes. End the attempt with the reason {Reasons.LogLimit}.");
    }

    /// <summary>The chunk does not begin where the log ends.</summary>
    public static Problem Misplaced(long length) => Problem.Of(
        StatusCodes.Status409Conflict, "log-offset", $"The log has {length} bytes; send the chunk that begins there.") with
    {
        Length = length,
    };
}
