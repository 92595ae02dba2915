using Control.Engine.Triggers;

namespace Control.Grains.Triggers;

/// <summary>The document of a pipeline's triggers.</summary>
/// <param name="Model">All of it.</param>
internal sealed record TriggerDocument(TriggerModel Model);
