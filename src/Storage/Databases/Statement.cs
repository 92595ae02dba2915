using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Control.Storage.Databases;

/// <summary>
/// One SQL statement in the words all dialects share. Values are passed in the order in which the <c>@names</c> first
/// appear; compared by reference, so a session prepares each instance once.
/// </summary>
internal sealed partial class Statement(string text)
{
    /// <summary>The SQL.</summary>
    public string Text { get; } = text;

    /// <summary>Names of the parameters, <c>@</c> included, in order of first appearance.</summary>
    public ImmutableArray<string> Parameters { get; } = [.. Names().Matches(text).Select(match => match.Value).Distinct()];

    [GeneratedRegex("@[a-z_]+")]
    private static partial Regex Names();
}
