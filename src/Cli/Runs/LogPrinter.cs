using System.Runtime.CompilerServices;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary>Prints logs of one run, as they are now or on to their end.</summary>
internal sealed class LogPrinter(Call call, RunId run, bool follow)
{
    /// <summary>Streams open at a time: servers limit them per token (100 unless told otherwise). Further logs follow as others end.</summary>
    private const int Streams = 32;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _slots = new(Streams);

    /// <summary>One job's log, exactly.</summary>
    public async Task PrintJobAsync(JobKey job, int? number, CancellationToken cancellationToken)
    {
        var attempt = number is { } known ? new AttemptId(run, job, known) : await NewestAsync(job, cancellationToken);
        await foreach (var chunk in Read(attempt, cancellationToken))
        {
            call.Output.Raw(chunk.Bytes);
        }
    }

    /// <summary>All jobs' logs; followed they are told apart and mixed line by line as they come.</summary>
    public async Task PrintAllAsync(CancellationToken cancellationToken)
    {
        if (follow)
        {
            await FollowAllAsync(cancellationToken);
            return;
        }

        foreach (var attempt in (await call.Client.GetAttemptsAsync(run, cancellationToken)).OrderBy(a => a.QueuedAt))
        {
            await PrintPrefixedAsync(attempt.Id, cancellationToken);
        }
    }

    private async Task FollowAllAsync(CancellationToken cancellationToken)
    {
        using var failure = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var printing = new Dictionary<AttemptId, Task>();
        try
        {
            await foreach (var attempt in AttemptsAsync(failure.Token))
            {
                // One that still waits for an agent has no log, and may wait long.
                if (attempt.State != AttemptState.Queued && !printing.ContainsKey(attempt.Id))
                {
                    printing.Add(attempt.Id, PrintOrStopAllAsync(attempt.Id, failure));
                }
            }

            await Task.WhenAll(printing.Values);
        }
        catch (OperationCanceledException) when (printing.Values.FirstOrDefault(task => task.IsFaulted) is { } failed)
        {
            await failed; // says why the others were stopped
        }
        finally
        {
            await failure.CancelAsync();
            await Task.WhenAll(printing.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One job's log that cannot be had ends the command, not only that log.</summary>
    private async Task PrintOrStopAllAsync(AttemptId attempt, CancellationTokenSource failure)
    {
        await _slots.WaitAsync(failure.Token);
        try
        {
            await PrintPrefixedAsync(attempt, failure.Token);
        }
        catch
        {
            await failure.CancelAsync();
            throw;
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task PrintPrefixedAsync(AttemptId attempt, CancellationToken cancellationToken)
    {
        var name = attempt.Number > 1 ? $"{attempt.Job}/{attempt.Number}" : $"{attempt.Job}";
        var lines = new LineWriter(call.Output, $"{name} | ", _gate);
        await foreach (var chunk in Read(attempt, cancellationToken))
        {
            lines.Write(chunk.Bytes.Span);
        }

        lines.Flush();
    }

    private IAsyncEnumerable<LogChunk> Read(AttemptId attempt, CancellationToken cancellationToken) => follow
        ? call.Client.FollowLogAsync(attempt, 0, cancellationToken)
        : call.Client.ReadLogAsync(attempt, 0, cancellationToken);

    /// <summary>The attempts as they come up and change, until the run is over.</summary>
    private async IAsyncEnumerable<AttemptView> AttemptsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var e in call.Client.WatchRunAsync(run, 0, cancellationToken))
        {
            if (e.Type == EventTypes.AttemptChanged)
            {
                yield return ContractJson.Read<AttemptView>(e.Data);
            }
        }
    }

    private async Task<AttemptId> NewestAsync(JobKey job, CancellationToken cancellationToken)
    {
        var attempts = await call.Client.GetAttemptsAsync(run, cancellationToken);
        if (attempts.Where(attempt => attempt.Id.Job == job).MaxBy(attempt => attempt.Id.Number) is { } newest)
        {
            return newest.Id;
        }

        if (follow)
        {
            await foreach (var attempt in AttemptsAsync(cancellationToken))
            {
                if (attempt.Id.Job == job)
                {
                    return attempt.Id;
                }
            }
        }

        throw new UsageException($"{run} has not started a job {job}. 'control run get {run}' shows its jobs.");
    }
}
