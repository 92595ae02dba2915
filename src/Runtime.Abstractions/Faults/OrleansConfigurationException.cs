namespace Orleans.Runtime;

/// <summary>The silo's configuration or its grain classes contradict themselves; the text names the cure.</summary>
public sealed class OrleansConfigurationException : Exception
{
    /// <summary>A fault with a text.</summary>
    public OrleansConfigurationException(string message)
        : base(message)
    {
    }

    /// <summary>A fault with a text and its cause.</summary>
    public OrleansConfigurationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
