using System.Globalization;

namespace Orleans;

/// <summary>
/// How long a caller waits for the answer of this method, instead of the runtime's default. When it runs
/// out the caller gets a <see cref="TimeoutException"/>, which says nothing about what the callee did or will do.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute : Attribute
{
    /// <summary>Sets the limit.</summary>
    /// <param name="timeout">A positive <see cref="TimeSpan"/> in invariant form, such as <c>00:02:00</c>.</param>
    /// <exception cref="FormatException">The text is not a time span.</exception>
    public ResponseTimeoutAttribute(string timeout) => Timeout = TimeSpan.Parse(timeout, CultureInfo.InvariantCulture);

    /// <summary>The limit.</summary>
    public TimeSpan? Timeout { get; init; }
}
