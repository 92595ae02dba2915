using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Control.Contracts.Errors;

/// <summary>One field of a request and what is wrong with it, cure included.</summary>
/// <param name="Field">Path of the field as the client wrote it, such as <c>stages[0].jobs.build.timeout</c>.</param>
/// <param name="Message">What is wrong and what would be right.</param>
/// <param name="Line">1-based line in the submitted document; 0 where the request has no lines.</param>
/// <param name="Column">1-based column; 0 where the request has no lines.</param>
[GenerateSerializer, Immutable, Alias("control.field-error")]
public sealed record FieldError(
    [property: Id(0)] string Field,
    [property: Id(1)] string Message,
    [property: Id(2)] int Line = 0,
    [property: Id(3)] int Column = 0);

/// <summary>What a refused caller should do next. Numbers are wire format: never reuse one.</summary>
[GenerateSerializer, Alias("control.refusal-kind")]
public enum RefusalKind
{
    /// <summary>Not a value; a reader that meets it treats the message as corrupt.</summary>
    Invalid = 0,

    /// <summary>The object does not exist, or the caller may not know of it.</summary>
    NotFound = 1,

    /// <summary>The request itself is wrong; repeating it unchanged cannot succeed.</summary>
    BadRequest = 2,

    /// <summary>The object's present state forbids it; <see cref="Refusal.State"/> carries that state.</summary>
    Conflict = 3,

    /// <summary>The caller is known but not allowed.</summary>
    Forbidden = 4,

    /// <summary>A limit is reached; it may succeed later or with a raised limit.</summary>
    LimitReached = 5,

    /// <summary>The version the caller based the change on is not the present one.</summary>
    VersionMismatch = 6,
}

/// <summary>An expected "no": a value, not an exception, so that no caller forgets it exists.</summary>
/// <param name="Kind">What the caller should do next.</param>
/// <param name="Code">Stable machine code, such as <c>run-already-finished</c>.</param>
/// <param name="Message">A sentence for a person, with the cure.</param>
/// <param name="State">The state found, for <see cref="RefusalKind.Conflict"/>.</param>
/// <param name="Fields">All field errors at once, for <see cref="RefusalKind.BadRequest"/>.</param>
[GenerateSerializer, Immutable, Alias("control.refusal")]
public sealed record Refusal(
    [property: Id(0)] RefusalKind Kind,
    [property: Id(1)] string Code,
    [property: Id(2)] string Message,
    [property: Id(3)] string? State,
    [property: Id(4)] ImmutableArray<FieldError> Fields)
{
    /// <summary>The object is not there, or not to be known of.</summary>
    public static Refusal NotFound(string what) => new(RefusalKind.NotFound, "not-found", $"{what} does not exist.", null, []);

    /// <summary>The present state forbids the request.</summary>
    public static Refusal Conflict(string code, string message, string state) => new(RefusalKind.Conflict, code, message, state, []);

    /// <summary>The request is wrong; every field error at once.</summary>
    public static Refusal BadRequest(string code, string message, params ImmutableArray<FieldError> fields) =>
        new(RefusalKind.BadRequest, code, message, null, fields.IsDefault ? [] : fields);

    /// <summary>The caller may not do this to this object.</summary>
    public static Refusal Forbidden(string code, string message) => new(RefusalKind.Forbidden, code, message, null, []);

    /// <summary>A limit is reached.</summary>
    public static Refusal Limit(string code, string message) => new(RefusalKind.LimitReached, code, message, null, []);

    /// <summary>The change was based on another version than the present one.</summary>
    public static Refusal VersionMismatch(long found) => new(
        RefusalKind.VersionMismatch,
        "version-mismatch",
        $"The object was changed meanwhile and is at version {found}. Read it again and repeat the change.",
        found.ToString(System.Globalization.CultureInfo.InvariantCulture),
        []);
}

/// <summary>Nothing to say beyond "done".</summary>
[GenerateSerializer, Immutable, Alias("control.done")]
public sealed record Done
{
    /// <summary>The only instance anyone needs.</summary>
    public static Done Instance { get; } = new();
}

/// <summary>A value or a refusal; never both, never neither.</summary>
[GenerateSerializer, Immutable, Alias("control.outcome`1")]
public sealed record Outcome<T>
    where T : class
{
    /// <summary>For serialisers; use the implicit conversions.</summary>
    internal Outcome(T? value, Refusal? refusal)
    {
        Value = value;
        Refusal = refusal;
    }

    /// <summary>The result, when there is no refusal.</summary>
    [Id(0)]
    public T? Value { get; private init; }

    /// <summary>The refusal, when there is no result.</summary>
    [Id(1)]
    public Refusal? Refusal { get; private init; }

    /// <summary>True when the request was granted.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool Granted => Refusal is null;

    /// <summary>A granted outcome.</summary>
    public static implicit operator Outcome<T>(T value) => new(value, null);

    /// <summary>A refused outcome.</summary>
    public static implicit operator Outcome<T>(Refusal refusal) => new(null, refusal);
}
