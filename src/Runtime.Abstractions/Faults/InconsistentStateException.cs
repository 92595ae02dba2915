using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A commit met a newer version than the grain knew: another activation of it wrote. The activation ends.</summary>
public class InconsistentStateException : OrleansException
{
    /// <summary>A fault without a text of its own.</summary>
    public InconsistentStateException()
        : base("The stored state is newer than the grain's.")
    {
    }

    /// <summary>A fault with a text.</summary>
    public InconsistentStateException(string message)
        : base(message)
    {
    }

    /// <summary>A fault with a text and its cause.</summary>
    public InconsistentStateException(string message, Exception? innerException)
        : base(message, innerException!)
    {
    }
}
