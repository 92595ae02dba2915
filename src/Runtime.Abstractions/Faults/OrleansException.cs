namespace Orleans.Runtime;

/// <summary>The base of the faults of the grain runtime.</summary>
public class OrleansException : Exception
{
    /// <summary>A fault without a text of its own.</summary>
    public OrleansException()
        : base("The grain runtime failed.")
    {
    }

    /// <summary>A fault with a text.</summary>
    public OrleansException(string message)
        : base(message)
    {
    }

    /// <summary>A fault with a text and its cause.</summary>
    public OrleansException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
