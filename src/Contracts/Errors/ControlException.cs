using System.Collections.Immutable;

namespace Control.Contracts.Errors;

/// <summary>
/// The one fault type that crosses grain and network borders: the platform failed, or a request was wrong in a way the
/// caller could not have been told as a result. Expected refusals are <see cref="Refusal"/> values instead.
/// </summary>
[GenerateSerializer, Alias("control.fault")]
public sealed class ControlException : Exception
{
    /// <summary>A fault with a stable machine code, a message a person can act on, and the fields it concerns.</summary>
    public ControlException(string code, string message, params ImmutableArray<FieldError> fields)
        : base(message)
    {
        Code = code;
        Fields = fields.IsDefault ? [] : fields;
    }

    /// <summary>Stable, documented code; clients branch on it, never on the message.</summary>
    [Id(0)]
    public string Code { get; private set; }

    /// <summary>The fields at fault, all of them at once; empty when none is.</summary>
    [Id(1)]
    public ImmutableArray<FieldError> Fields { get; private set; }
}
