using System.Globalization;

namespace Control.Chaos.Plans;

/// <summary>What is done to the site.</summary>
internal enum FaultKind
{
    /// <summary>kill -9 of a node; it is started again after the fault's length.</summary>
    KillNode = 1,

    /// <summary>SIGSTOP of a node for longer than its lease, then SIGCONT: the others have declared it dead meanwhile.</summary>
    PauseNode,

    /// <summary>SIGTERM of a node; it is started again when it has ended and the fault's length is over.</summary>
    DrainNode,

    /// <summary>kill -9 of an agent, started again after the length.</summary>
    KillAgent,

    /// <summary>Every connection of clients and agents to gateways is reset, and none is let in for the length.</summary>
    CutGateways,

    /// <summary>Everything between clients, agents and gateways is late.</summary>
    DelayGateways,

    /// <summary>Every connection to PostgreSQL is reset, and none is let in for the length.</summary>
    CutDatabase,

    /// <summary>Everything between PostgreSQL and the nodes is late.</summary>
    DelayDatabase,

    /// <summary>PostgreSQL is killed and started again after the length.</summary>
    KillDatabase,

    /// <summary>PostgreSQL is stopped in order and started again after the length.</summary>
    RestartDatabase,

    /// <summary>Every connection to Redis is reset, and none is let in for the length.</summary>
    CutRedis,

    /// <summary>Everything between Redis and the nodes is late.</summary>
    DelayRedis,

    /// <summary>Redis is killed and started again, empty, after the length.</summary>
    RestartRedis,

    /// <summary>Redis forgets everything.</summary>
    FlushRedis,
}

/// <summary>One fault of a plan.</summary>
/// <param name="At">After the start.</param>
/// <param name="Kind">What.</param>
/// <param name="Target">Which node or agent, from 0; 0 where there is but one.</param>
/// <param name="Length">How long it lasts; for what is killed, how long it stays down.</param>
internal sealed record Fault(TimeSpan At, FaultKind Kind, int Target, TimeSpan Length)
{
    /// <summary>Whether it is about a node.</summary>
    public bool IsOfNode => Kind is FaultKind.KillNode or FaultKind.PauseNode or FaultKind.DrainNode;

    /// <summary>Whether it keeps commits or membership from going on, so that no node can take over from another meanwhile.</summary>
    public bool IsOfStores => Kind >= FaultKind.CutDatabase;

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{At.TotalSeconds,6:0.0} s  {Kind}{(IsOfNode || Kind == FaultKind.KillAgent ? $" {Target + 1}" : "")}, {Length.TotalSeconds:0.0} s");
}
