using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Agent.Link;

/// <summary>Who hears of jobs: the server, or a run on this machine. Neither call throws but for the caller's cancellation.</summary>
internal interface IJobServer
{
    /// <summary>Delivers a report.</summary>
    Task<ServerAnswer<object>> ReportAsync(AttemptReport report, CancellationToken cancellationToken);

    /// <summary>Delivers a piece of log; ok and conflict both tell the length that is there, where it is known.</summary>
    Task<ServerAnswer<LogAck>> LogAsync(LeaseRef lease, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);
}
