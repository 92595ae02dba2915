using System.Reflection;
using Orleans.Runtime;

namespace Orleans;

/// <summary>A call on the side of the grain called.</summary>
public interface IIncomingGrainCallContext : IGrainCallContext
{
    /// <summary>The activation that takes the call.</summary>
    IGrainContext TargetContext { get; }

    /// <summary>The grain class's method, with its attributes.</summary>
    MethodInfo ImplementationMethod { get; }
}
