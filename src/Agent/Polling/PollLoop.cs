using Control.Agent.Jobs;
using Control.Agent.Link;
using Control.Contracts.Agents;
using Control.Contracts.Errors;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Polling;

/// <summary>
/// Keeps in touch: one poll always parked, replaced at once when a job was taken or ended, and a renewal every few seconds
/// next to it, because a poll that is parked is no sign of life.
/// </summary>
internal sealed partial class PollLoop(JobTools tools, ServerLink link, JobTable jobs, string bootId, ILogger<PollLoop> logger)
{
    private static readonly TimeSpan Park = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(5);

    // An answer with nothing new long before the wait is over, such as the order to stop a job that is ending already: the
    // next poll must not follow at once, or the two go round in circles.
    private static readonly TimeSpan TooSoon = TimeSpan.FromSeconds(1);

    private long _sequence;
    private int _away;

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="ControlException"><c>agent-removed</c>: the server does not know the agent any more.</exception>
    /// <exception cref="StoreRestoredException">The server went back in time.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops = [PollAsync(either.Token), RenewAsync(either.Token)];
        await Task.WhenAny(loops).ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        await loops.First(loop => loop.IsFaulted).ConfigureAwait(false);
    }

    /// <summary>The last word of an agent that stops: without it, the jobs it gives back could be handed to it again.</summary>
    /// <param name="patience">How long the server may take to hear it.</param>
    public async Task TakeNoMoreAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience, tools.Time);
        var poll = new AgentPoll(bootId, Interlocked.Increment(ref _sequence), Free: 0, jobs.Look().Holding, TimeSpan.Zero);
        try
        {
            await link.PollAsync(poll, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // The server is away and hands out nothing.
        }
    }

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(tools.Time);
        while (true)
        {
            var standing = jobs.Look();
            var sent = tools.Time.GetTimestamp();
            using var replaced = CancellationTokenSource.CreateLinkedTokenSource(standing.Changed, cancellationToken);
            try
            {
                var outcome = await ExchangeAsync(standing, Park, sent, replaced.Token).ConfigureAwait(false);
                if (outcome == Outcome.Away || (outcome == Outcome.Nothing && tools.Time.GetElapsedTime(sent) < TooSoon))
                {
                    await backoff.PauseAsync(replaced.Token).ConfigureAwait(false);
                }
                else
                {
                    backoff.Reset();
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // A job was taken or ended: poll again with how things stand now.
                backoff.Reset();
            }
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Renewal, tools.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            await ExchangeAsync(jobs.Look(), TimeSpan.Zero, tools.Time.GetTimestamp(), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Outcome> ExchangeAsync(Standing standing, TimeSpan wait, long sent, CancellationToken cancellationToken)
    {
        var poll = new AgentPoll(bootId, Interlocked.Increment(ref _sequence), standing.Free, standing.Holding, wait);
        var answer = await link.PollAsync(poll, cancellationToken).ConfigureAwait(false);
        if (answer.Verdict == Verdict.Removed)
        {
            throw new ControlException("agent-removed", $"The server does not know this agent any more ({answer.Detail}). Empty the state folder and join again with a new token.");
        }

        if (answer is { Verdict: Verdict.Gone, Code: "store-restored" })
        {
            throw new StoreRestoredException();
        }

        if (answer is not { Verdict: Verdict.Ok, Value: { } orders })
        {
            Away(answer.Detail);
            return Outcome.Away;
        }

        tools.Contact.Answered(sent);
        if (Interlocked.Exchange(ref _away, 0) != 0)
        {
            LogBack();
        }

        return jobs.Apply(orders) ? Outcome.News : Outcome.Nothing;
    }

    private void Away(string detail)
    {
        tools.Metrics.ServerAway();
        if (Interlocked.Exchange(ref _away, 1) == 0)
        {
            LogAway(detail);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The server cannot be reached; running jobs go on. {Detail}")]
    private partial void LogAway(string detail);

    [LoggerMessage(Level = LogLevel.Information, Message = "The server can be reached again.")]
    private partial void LogBack();

    private enum Outcome
    {
        Away,
        Nothing,
        News,
    }
}
