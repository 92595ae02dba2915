using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Control.Kubernetes.Yaml;

/// <summary>
/// What an unquoted scalar stands for. Kubernetes reads YAML 1.1: <c>yes</c> and <c>on</c> are true, <c>0777</c> is octal (kubernetes-sigs/yaml,
/// goyaml.v2/resolve.go); whoever applies a manifest with us must get what kubectl would have sent.
/// </summary>
internal static partial class YamlScalars
{
    /// <summary>The value; null for nothing.</summary>
    /// <returns>False for infinity and not-a-number, which JSON cannot carry.</returns>
    public static bool TryResolve(string text, out JsonNode? value)
    {
        value = null;
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return true;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                value = JsonValue.Create(true);
                return true;
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                value = JsonValue.Create(false);
                return true;
            case ".nan" or ".NaN" or ".NAN" or ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF":
                return false;
        }

        value = text[0] is '+' or '-' or '.' or (>= '0' and <= '9') ? Number(text) ?? JsonValue.Create(text) : JsonValue.Create(text);
        return true;
    }

    private static JsonValue? Number(string text)
    {
        var plain = text[0] == '.' ? text : text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(plain) is { } integer)
        {
            return integer >= long.MinValue && integer <= ulong.MaxValue
                ? integer < 0 ? JsonValue.Create((long)integer) : JsonValue.Create((ulong)integer)
                : JsonValue.Create((double)integer);
        }

        return Decimal().IsMatch(plain) && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : null;
    }

    private static BigInteger? Integer(string text)
    {
        var match = Whole().Match(text);
        if (!match.Success) return null;
        var digits = match.Groups["digits"].Value;
        var value = match.Groups["base"].Value switch
        {
            "0x" or "0X" => In(16, digits),
            "0o" or "0O" => In(8, digits),
            "0b" or "0B" => In(2, digits),
            // A leading zero makes it octal; 08 is none, and therefore the number eight.
            _ when digits.Length > 1 && digits[0] == '0' => In(8, digits),
            _ => In(10, digits),
        };
        return match.Groups["sign"].Value == "-" ? -value : value;
    }

    private static BigInteger? In(int radix, string digits)
    {
        // As many as any 64-bit number could have; longer ones are read as decimals, which ends the work on hostile ones.
        if (digits.Length > 64) return null;
        var value = BigInteger.Zero;
        foreach (var digit in digits)
        {
            var worth = char.IsAsciiDigit(digit) ? digit - '0' : char.ToLowerInvariant(digit) - 'a' + 10;
            if (worth < 0 || worth >= radix) return null;
            value = (value * radix) + worth;
        }

        return value;
    }

    [GeneratedRegex("^(?<sign>[-+]?)(?<base>0[xXoObB])?(?<digits>[0-9a-fA-F]+)$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex Decimal();
}
