using Orleans.Runtime;

namespace Orleans;

/// <summary>A call on the side of the caller.</summary>
public interface IOutgoingGrainCallContext : IGrainCallContext
{
    /// <summary>The calling activation, null when the caller is no grain.</summary>
    IGrainContext? SourceContext { get; }
}
