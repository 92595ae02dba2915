using System.Reflection;

namespace Orleans.Serialization.Invocation;

/// <summary>The method and the arguments of one call.</summary>
public interface IInvokable
{
    /// <summary>How many arguments there are; a cancellation token counts.</summary>
    int GetArgumentCount();

    /// <summary>One argument.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    object? GetArgument(int index);

    /// <summary>The method's C# name.</summary>
    string GetMethodName();

    /// <summary>The full C# name of the interface.</summary>
    string GetInterfaceName();

    /// <summary>The interface's method, with its attributes.</summary>
    MethodInfo GetMethod();
}
