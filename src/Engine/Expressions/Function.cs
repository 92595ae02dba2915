using System.IO.Enumeration;

namespace Control.Engine.Expressions;

/// <summary>A function of expressions.</summary>
/// <param name="Name">As written.</param>
/// <param name="Arity">How many texts it takes.</param>
/// <param name="AboutResults">Whether it asks how earlier work ended.</param>
/// <param name="Apply">Its truth.</param>
internal sealed record Function(string Name, int Arity, bool AboutResults, Func<IExpressionValues, string[], bool> Apply)
{
    /// <summary>All there are.</summary>
    public static ImmutableArray<Function> All { get; } =
    [
        new("succeeded", 0, true, (values, _) => values.Succeeded),
        new("failed", 0, true, (values, _) => values.Failed),
        new("always", 0, true, (_, _) => true),
        new("startsWith", 2, false, (_, args) => args[0].StartsWith(args[1], StringComparison.Ordinal)),
        new("endsWith", 2, false, (_, args) => args[0].EndsWith(args[1], StringComparison.Ordinal)),
        new("contains", 2, false, (_, args) => args[0].Contains(args[1], StringComparison.Ordinal)),
        // '*' and '?' only; linear in practice and without the risks of regular expressions from users.
        new("matches", 2, false, (_, args) => FileSystemName.MatchesSimpleExpression(args[1], args[0], ignoreCase: false)),
    ];
}
