namespace Control.Engine.Pipelines;

/// <summary>The rule for environment variables, and so for parameters and outputs, which become some.</summary>
public static class VariableName
{
    /// <summary>Variables that Control sets itself begin with this; nobody else may set them.</summary>
    public const string ReservedPrefix = "CONTROL_";

    /// <summary>The rule in words, for error messages.</summary>
    public const string Rule = "letters, digits and '_', not beginning with a digit, up to 128 characters";

    /// <summary>The rule as a regular expression that JSON Schema understands too.</summary>
    internal const string Pattern = "^(?!CONTROL_)[A-Za-z_][A-Za-z0-9_]{0,127}$";

    /// <summary>Null when the name may be used, otherwise what is wrong with it.</summary>
    public static string? Check(string name)
    {
        if (!IsPosix(name))
        {
            return $"{Yaml.Problems.Quote(name)} is not a variable name. Use {Rule}.";
        }

        return name.StartsWith(ReservedPrefix, StringComparison.Ordinal)
            ? $"{Yaml.Problems.Quote(name)} is reserved: Control sets the variables that begin with {ReservedPrefix} itself. Choose another name."
            : null;
    }

    /// <summary>A POSIX name (IEEE 1003.1, 3.230), of limited length.</summary>
    internal static bool IsPosix(string name) =>
        name.Length is > 0 and <= PipelineLimits.VariableNameLength
        && !char.IsAsciiDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
