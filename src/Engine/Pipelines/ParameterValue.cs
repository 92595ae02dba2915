using System.Text;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines;

/// <summary>What a parameter's value may be; the same rule for defaults in definitions and for values passed at a start.</summary>
internal static class ParameterValue
{
    /// <summary>Null when the value fits the parameter, otherwise what is wrong, cure included.</summary>
    public static string? Check(ParameterSpec parameter, string value) => CheckText(value) ?? parameter.Type switch
    {
        ParameterType.Number when !IsNumber(value) => $"{Problems.Quote(value)} is not a number. Write digits such as 3, -1 or 2.50.",
        ParameterType.Boolean when value is not ("true" or "false") => $"{Problems.Quote(value)} is not a boolean. Write true or false.",
        ParameterType.Choice when !parameter.Choices.Contains(value, StringComparer.Ordinal) =>
            $"{Problems.Quote(value)} is not one of the choices. Choose {Choices(parameter)}.",
        _ => null,
    };

    /// <summary>The rules for values of every type: no NUL, limited size.</summary>
    public static string? CheckText(string value)
    {
        if (value.Contains('\0'))
        {
            return "A value must not contain NUL: no environment variable can hold it. Remove it.";
        }

        var bytes = Encoding.UTF8.GetByteCount(value);
        return bytes > PipelineLimits.ParameterValueBytes
            ? $"This value has {bytes} bytes; up to {PipelineLimits.ParameterValueBytes} are allowed."
            : null;
    }

    private static bool IsNumber(string value)
    {
        var digits = value.AsSpan(value.StartsWith('-') ? 1 : 0);
        var point = digits.IndexOf('.');
        return point < 0 ? AllDigits(digits) : AllDigits(digits[..point]) && AllDigits(digits[(point + 1)..]);
    }

    private static bool AllDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static string Choices(ParameterSpec parameter)
    {
        const int shown = 10;
        var names = string.Join(", ", parameter.Choices.Take(shown).Select(Problems.Quote));
        return parameter.Choices.Length > shown ? $"one of {names}, …" : $"one of {names}";
    }
}
