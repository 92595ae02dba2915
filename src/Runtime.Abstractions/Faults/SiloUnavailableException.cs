namespace Orleans.Runtime;

/// <summary>The silo that held the grain went away: it is unknown whether the call took effect.</summary>
public sealed class SiloUnavailableException : OrleansMessageRejectionException
{
    /// <summary>A fault without a text of its own.</summary>
    public SiloUnavailableException()
        : base("The silo is unavailable.")
    {
    }

    /// <summary>A fault with a text.</summary>
    public SiloUnavailableException(string msg)
        : base(msg)
    {
    }

    /// <summary>A fault with a text and its cause.</summary>
    public SiloUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
