namespace Control.Grains.Groups;

/// <summary>The document of a group; its claims are rows of their own.</summary>
/// <param name="CreatedAt">When it was first claimed.</param>
internal sealed record GroupDocument(DateTimeOffset CreatedAt);
