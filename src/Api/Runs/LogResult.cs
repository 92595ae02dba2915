using Control.Contracts.Runs;
using Microsoft.Net.Http.Headers;

namespace Control.Api.Runs;

/// <summary>
/// Sends stored log bytes as they are. The length is taken once, so an answer is consistent while the log grows; one range
/// is served (RFC 9110, section 14), several are answered with the whole.
/// </summary>
internal sealed class LogResult : IResult
{
    private const int SliceBytes = 256 * 1024;

    private readonly AttemptLog _log;
    private readonly AttemptId _attempt;
    private readonly LogState _state;
    private readonly long _start;
    private readonly long _end;
    private readonly bool _partial;

    private LogResult(AttemptLog log, AttemptId attempt, LogState state, long start, long end, bool partial)
    {
        (_log, _attempt, _state) = (log, attempt, state);
        (_start, _end, _partial) = (start, end, partial);
    }

    /// <summary>The part that the request asks for, or 416.</summary>
    public static IResult For(HttpRequest request, AttemptLog log, AttemptId attempt, LogState state, long offset)
    {
        if (request.GetTypedHeaders().Range is not { Unit.Value: "bytes", Ranges: { Count: 1 } ranges })
        {
            return new LogResult(log, attempt, state, Math.Min(offset, state.Length), state.Length, partial: false);
        }

        var (start, end) = Bounds(ranges.Single(), state.Length);
        return start < end ? new LogResult(log, attempt, state, start, end, partial: true) : new Unsatisfiable(state.Length);
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = _partial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength = _end - _start;
        response.Headers.AcceptRanges = "bytes";
        response.Headers["X-Log-Length"] = _state.Length.ToString(CultureInfo.InvariantCulture);
        response.Headers["X-Log-Complete"] = _state.Complete ? "true" : "false";
        if (_partial)
        {
            response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(_start, _end - 1, _state.Length);
        }

        for (var at = _start; at < _end;)
        {
            var slice = await _log.ReadAsync(_attempt, at, (int)Math.Min(SliceBytes, _end - at), httpContext.RequestAborted);
            await response.Body.WriteAsync(slice.Bytes, httpContext.RequestAborted);
            at += slice.Bytes.Length;
        }
    }

    private static (long Start, long End) Bounds(RangeItemHeaderValue range, long length) => range switch
    {
        { From: { } from, To: { } to } => (from, Math.Min(to, length - 1) + 1),
        { From: { } from } => (from, length),
        { To: { } last } => (Math.Max(0, length - last), length),
        _ => (0, length),
    };

    private sealed class Unsatisfiable(long length) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(length);
            return new ProblemResult(Problem.Of(
                StatusCodes.Status416RangeNotSatisfiable, "bad-range", $"The log has {length} bytes.")).ExecuteAsync(httpContext);
        }
    }
}
