using Control.Chaos.History;
using Control.Chaos.Sites;
using Control.Contracts.Runs;

namespace Control.Chaos.Loads;

/// <summary>Reads in the end what the servers say of everything that happened.</summary>
internal static class Closing
{
    private const int Readers = 6;

    // An agent that was killed right after its report sends the rest of the log when it is back.
    private static readonly TimeSpan LogLimit = TimeSpan.FromMinutes(1);

    /// <summary>Notes all runs, attempts and logs.</summary>
    public static async Task ReadAsync(Site site, Load load, Recorder recorder, CancellationToken cancellationToken)
    {
        var runs = await load.AllAsync(cancellationToken);
        await Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken }, async (run, cancel) =>
        {
            recorder.Note(new RunFound(Recorder.Now, run.Id, run.Parameters["ORDER"]));
            var state = (await site.Client.GetRunAsync(run.Id, cancel)).Value.State;
            recorder.Note(new RunSeen(Recorder.Now, run.Id, long.MaxValue, state));
            foreach (var attempt in await site.Client.GetAttemptsAsync(run.Id, cancel))
            {
                recorder.Note(new AttemptSeen(Recorder.Now, attempt.Id, long.MaxValue, attempt.State));
                recorder.Note(new LogRead(Recorder.Now, attempt.Id, attempt.LogLength, await LogAsync(site, attempt, cancel)));
            }
        });
    }

    private static async Task<byte[]> LogAsync(Site site, AttemptView attempt, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LogLimit);
        using var log = new MemoryStream();
        try
        {
            await foreach (var chunk in site.Client.ReadLogAsync(attempt.Id, 0, limit.Token)) log.Write(chunk.Bytes.Span);
            if (attempt.LogLength > log.Length)
            {
                await foreach (var chunk in site.Client.FollowLogAsync(attempt.Id, log.Length, limit.Token)) log.Write(chunk.Bytes.Span);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // What came in time is what there is.
        }

        return log.ToArray();
    }
}
