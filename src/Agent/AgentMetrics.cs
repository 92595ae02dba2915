using System.Diagnostics.Metrics;

namespace Control.Agent;

/// <summary>The agent's figures, meter <c>Control.Agent</c>.</summary>
internal sealed class AgentMetrics : IDisposable
{
    private readonly Meter _meter = new("Control.Agent");
    private readonly Counter<long> _started;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _logBytes;
    private readonly Counter<long> _away;

    /// <summary>Registers the instruments.</summary>
    /// <param name="holding">How many jobs the agent holds now.</param>
    public AgentMetrics(Func<int> holding)
    {
        _started = _meter.CreateCounter<long>("control.agent.jobs.started", description: "Jobs started.");
        _ended = _meter.CreateCounter<long>("control.agent.jobs.ended", description: "Jobs ended, by outcome.");
        _logBytes = _meter.CreateCounter<long>("control.agent.log.uploaded", "By", "Bytes of logs the server has acknowledged.");
        _away = _meter.CreateCounter<long>("control.agent.server.away", description: "Polls and renewals that got no usable answer.");
        _meter.CreateObservableGauge("control.agent.jobs.holding", holding, description: "Jobs held, running or ending.");
    }

    /// <summary>A job was taken.</summary>
    public void JobStarted() => _started.Add(1);

    /// <summary>A job ended.</summary>
    /// <param name="outcome">A reason, or how it was reported.</param>
    public void JobEnded(string outcome) => _ended.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>Bytes of log arrived.</summary>
    public void LogUploaded(int bytes) => _logBytes.Add(bytes);

    /// <summary>The server did not answer.</summary>
    public void ServerAway() => _away.Add(1);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
