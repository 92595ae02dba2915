using System.Reflection;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans;

/// <summary>One call as a filter sees it.</summary>
public interface IGrainCallContext
{
    /// <summary>The method and its arguments.</summary>
    IInvokable Request { get; }

    /// <summary>The grain instance for an incoming call, the reference for an outgoing one.</summary>
    object Grain { get; }

    /// <summary>The calling grain, null when the caller is none.</summary>
    GrainId? SourceId { get; }

    /// <summary>The grain called.</summary>
    GrainId TargetId { get; }

    /// <summary>The alias of the interface called.</summary>
    GrainInterfaceType InterfaceType { get; }

    /// <summary>The full C# name of the interface.</summary>
    string InterfaceName { get; }

    /// <summary>The method's C# name.</summary>
    string MethodName { get; }

    /// <summary>The interface's method, with its attributes.</summary>
    MethodInfo InterfaceMethod { get; }

    /// <summary>What the call gave, once <see cref="Invoke"/> has completed. A filter may replace it.</summary>
    object? Result { get; set; }

    /// <summary>Runs the next filter, in the end the call. An outgoing filter may call it again to repeat the call.</summary>
    Task Invoke();
}
