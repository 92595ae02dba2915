using Control.Agent.Link;
using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Agent.Local;

/// <summary>Hands what jobs tell to the run on this machine.</summary>
internal sealed class LocalServer(ILocalRun run) : IJobServer
{
    /// <inheritdoc/>
    public async Task<ServerAnswer<object>> ReportAsync(AttemptReport report, CancellationToken cancellationToken) =>
        await run.ReportAsync(report).WaitAsync(cancellationToken).ConfigureAwait(false) is { } refusal
            ? new(Verdict.Conflict, null, refusal.Message)
            : new(Verdict.Ok, null, "");

    /// <inheritdoc/>
    public Task<ServerAnswer<LogAck>> LogAsync(LeaseRef lease, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        run.Log(lease.Attempt, bytes.Span);
        return Task.FromResult<ServerAnswer<LogAck>>(new(Verdict.Ok, new LogAck(offset + bytes.Length), ""));
    }
}
