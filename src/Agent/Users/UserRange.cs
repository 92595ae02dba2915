using System.Globalization;

namespace Control.Agent.Users;

/// <summary>Numbers of users, both ends included.</summary>
/// <param name="First">The lowest, 1000 or more: lower ones are the system's.</param>
/// <param name="Last">The highest.</param>
public readonly record struct UserRange(uint First, uint Last)
{
    // Beyond it numbers are negative for some programs, and the highest two mean "nobody" and "unchanged".
    private const uint Highest = int.MaxValue;

    /// <summary>Where neither Debian, Red Hat nor systemd has users, and which containers with 65,536 users have too.</summary>
    public static UserRange Default { get; } = new(20_000, 29_999);

    /// <summary>True when the numbers make a range of users that are not the system's.</summary>
    public bool IsValid => First >= 1000 && Last >= First && Last <= Highest;

    /// <summary>How many.</summary>
    public long Count => (long)Last - First + 1;

    /// <summary>Reads <c>FIRST-LAST</c>; false when it is anything else.</summary>
    public static bool TryParse(string text, out UserRange range)
    {
        range = default;
        if (text.Split('-') is not [var first, var last]
            || !uint.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var low)
            || !uint.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var high))
        {
            return false;
        }

        range = new UserRange(low, high);
        return range.IsValid;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}
