namespace Control.Grains.Durable;

/// <summary>
/// Which start of which silo this is. Rows that are not finished carry it as their owner; a row with a dead owner is
/// adopted by waking its grain.
/// </summary>
/// <param name="BootId">Unique to this start of the process.</param>
public sealed record SiloIdentity(string BootId)
{
    /// <summary>Cancelled once the process is about to stop: what only waits in a grain goes home, so that the grain can leave.</summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>A fresh identity.</summary>
    public static SiloIdentity Create() => new(Guid.NewGuid().ToString("N"));
}
