namespace Control.Grains.Agents;

/// <summary>The document of a pool; there is none before it is held for the first time.</summary>
/// <param name="Hold">Why no job of it is given to an agent; null when they are.</param>
/// <param name="CreatedAt">When it was first held.</param>
internal sealed record PoolDocument(Hold? Hold, DateTimeOffset CreatedAt);
