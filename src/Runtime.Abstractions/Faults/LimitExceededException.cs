namespace Orleans.Runtime;

/// <summary>A grain or the silo has too many calls waiting; this one was refused before it began.</summary>
public sealed class LimitExceededException : OrleansException
{
    /// <summary>A fault without a text of its own.</summary>
    public LimitExceededException()
        : base("A limit was exceeded.")
    {
    }

    /// <summary>A fault with a text.</summary>
    public LimitExceededException(string message)
        : base(message)
    {
    }

    /// <summary>A fault with a text and its cause.</summary>
    public LimitExceededException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A fault that names the limit.</summary>
    /// <param name="limitName">Which limit.</param>
    /// <param name="current">What was counted.</param>
    /// <param name="threshold">What is allowed.</param>
    /// <param name="extraInfo">Whose limit it is.</param>
    public LimitExceededException(string limitName, int current, int threshold, object extraInfo)
        : base($"{limitName} of {extraInfo} is exceeded: {current} of {threshold}.")
    {
    }
}
