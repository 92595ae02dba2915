using Control.Grains.Durable;

namespace Control.Grains;

/// <summary>What every durable grain needs from its silo.</summary>
/// <param name="Store">The commit.</param>
/// <param name="Silo">This start of this silo.</param>
/// <param name="Time">The clock; faked in tests.</param>
public sealed record GrainFacets(CommitStore Store, SiloIdentity Silo, TimeProvider Time);
