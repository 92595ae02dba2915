using Orleans.Runtime;

namespace Control.Runtime.Codecs;

/// <summary>Bytes are not a message of the expected type, or a value cannot be written as one.</summary>
public sealed class WireFormatException : OrleansException
{
    /// <summary>A fault with a text.</summary>
    public WireFormatException(string message)
        : base(message)
    {
    }
}
