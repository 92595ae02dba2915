namespace Control.Grains.Agents;

/// <summary>How patient the server is with agents.</summary>
public sealed class AgentTimings
{
    /// <summary>
    /// Silence after which an agent is suspect and gets no new work. Agents renew every 5 s. Default: 14 s, so that it shows
    /// within 15 s of the agent's death even when it had spoken a moment before.
    /// </summary>
    public TimeSpan SuspectAfter { get; set; } = TimeSpan.FromSeconds(14);

    /// <summary>Silence after which an agent that holds nothing counts as offline. Default: 2 min.</summary>
    public TimeSpan OfflineAfter { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a slot stays reserved for a pool that then says nothing more. Default: 10 s.</summary>
    public TimeSpan ReservationLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time a poll is parked. Default: 20 s.</summary>
    public TimeSpan ParkLimit { get; set; } = TimeSpan.FromSeconds(20);
}
