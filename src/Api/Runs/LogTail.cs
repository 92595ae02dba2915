using System.Text;
using Control.Api.Events;
using Control.Contracts.Runs;
using Control.Storage;

namespace Control.Api.Runs;

/// <summary>A piece of a followed log. The event's id is <paramref name="Next"/>, so a reconnect goes on behind it.</summary>
/// <param name="Offset">Where the text begins, in bytes of the log.</param>
/// <param name="Next">Where it ends.</param>
/// <param name="Text">The bytes as UTF-8; what is none is replaced by U+FFFD.</param>
internal sealed record LogChunk(long Offset, long Next, string Text);

/// <summary>The last event of a followed log.</summary>
/// <param name="Length">Bytes stored.</param>
/// <param name="Complete">False when the agent was lost before it could send the rest.</param>
internal sealed record LogEnd(long Length, bool Complete);

/// <summary>Follows logs as they grow.</summary>
internal sealed class LogTail(AttemptLog log, TimeProvider time)
{
    private const int SliceBytes = 64 * 1024;

    /// <summary>How long the rest of an ended attempt's log is waited for.</summary>
    private static readonly TimeSpan RestTime = TimeSpan.FromMinutes(5);

    /// <summary>The stream of a log from an offset on.</summary>
    public IResult Follow(AttemptId attempt, long offset, Caller caller)
    {
        ImmutableArray<SubjectKey> subjects = [SubjectKey.Log(attempt), new SubjectKey(SubjectKinds.Run, attempt.Run.ToString())];
        var at = offset;
        return new StreamResult(caller, subjects, async (stream, ended) =>
        {
            var state = await log.StateAsync(attempt, ended);
            at = await SendAsync(stream, attempt, at, flush: IsOver(state), ended);
            if (!IsOver(state) || at < state?.Length)
            {
                return false;
            }

            await stream.SendAsync("end", at, new LogEnd(state?.Length ?? at, state?.Complete ?? false), ended);
            return true;
        });
    }

    private bool IsOver(LogState? state) => state is null || state.Complete
        || (state.Final && (state.Reported is null || state.FinishedAt + RestTime < time.GetUtcNow()));

    private async Task<long> SendAsync(EventStream stream, AttemptId attempt, long at, bool flush, CancellationToken ended)
    {
        while (true)
        {
            var slice = await log.ReadAsync(attempt, at, SliceBytes, ended);
            var bytes = slice.Bytes.Span;
            var whole = flush && at + bytes.Length >= slice.Length ? bytes.Length : Utf8Text.WholeLength(bytes);
            if (whole == 0)
            {
                return at;
            }

            await stream.SendAsync("log", at + whole, new LogChunk(at, at + whole, Encoding.UTF8.GetString(bytes[..whole])), ended);
            at += whole;
        }
    }
}

/// <summary>Cuts UTF-8 between characters.</summary>
internal static class Utf8Text
{
    /// <summary>
    /// Bytes of <paramref name="bytes"/> that do not end within a character. An unfinished character has at most three bytes
    /// (RFC 3629); what could never become one counts as whole and is replaced later.
    /// </summary>
    public static int WholeLength(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            var lead = bytes[^back];
            if ((lead & 0b1100_0000) != 0b1000_0000)
            {
                var needed = lead switch { >= 0b1111_0000 and < 0b1111_1000 => 4, >= 0b1110_0000 and < 0b1111_0000 => 3, >= 0b1100_0000 and < 0b1110_0000 => 2, _ => 1 };
                return needed > back ? bytes.Length - back : bytes.Length;
            }
        }

        return bytes.Length;
    }
}
