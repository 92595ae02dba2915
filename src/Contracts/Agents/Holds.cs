namespace Control.Contracts.Agents;

/// <summary>Jobs wait and none is given to an agent; what runs goes on.</summary>
/// <param name="Reason">Why, for people.</param>
/// <param name="By">Who held it.</param>
/// <param name="At">Since when.</param>
[GenerateSerializer, Immutable, Alias("control.hold")]
public sealed record Hold([property: Id(0)] string Reason, [property: Id(1)] Actor By, [property: Id(2)] DateTimeOffset At);

/// <summary>Holds the jobs of a workspace or a pool, or lets them go on.</summary>
/// <param name="Held">False lets them go on.</param>
/// <param name="Reason">Why, up to 1,000 characters.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.set-hold")]
public sealed record SetHold([property: Id(0)] bool Held, [property: Id(1)] string Reason, [property: Id(2)] Actor By);

/// <summary>A pool as shown, where there is something to tell of it.</summary>
/// <param name="Key">Its labels.</param>
/// <param name="Hold">Why no job of it is given to an agent; null when they are.</param>
/// <param name="Version">Counts changes; the ETag.</param>
[GenerateSerializer, Immutable, Alias("control.pool-view")]
public sealed record PoolView([property: Id(0)] PoolKey Key, [property: Id(1)] Hold? Hold, [property: Id(2)] long Version);
