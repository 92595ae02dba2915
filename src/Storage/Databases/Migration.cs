using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Control.Storage.Databases;

/// <summary>One numbered step of a database's schema.</summary>
/// <param name="Number">From 1, without gaps.</param>
/// <param name="Name">What it is for, from its file name.</param>
/// <param name="Script">The SQL.</param>
internal sealed partial record Migration(int Number, string Name, string Script)
{
    /// <summary>
    /// Programs that know the schema up to this number work with a database after this step. A step that only adds what they may
    /// leave unset says so in its first line, "-- works from 2"; after any other one, programs without it do not start.
    /// </summary>
    public int WorksFrom { get; } =
        FirstLine().Match(Script) is { Success: true } said ? int.Parse(said.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : Number;

    /// <summary>SHA-256 of the script with line ends made alike, lower-case hex.</summary>
    public string Checksum { get; } =
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Script.ReplaceLineEndings("\n"))));

    /// <summary>The migrations this program carries for a dialect's database, in order.</summary>
    public static ImmutableArray<Migration> Embedded(string dialect, string database)
    {
        var prefix = $"Migrations/{dialect}/{database}/";
        var assembly = typeof(Migration).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => Read(assembly, name, name[prefix.Length..]))];
    }

    // File names read 0001-what-it-does.
    private static Migration Read(Assembly assembly, string resource, string file)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return new Migration(int.Parse(file.AsSpan(0, 4), CultureInfo.InvariantCulture), file[5..], reader.ReadToEnd());
    }

    [GeneratedRegex(@"\A-- works from ([1-9][0-9]{0,3})\r?\n")]
    private static partial Regex FirstLine();
}
