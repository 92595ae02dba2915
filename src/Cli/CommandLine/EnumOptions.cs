using System.CommandLine;
using Control.Cli.Output;

namespace Control.Cli.CommandLine;

/// <summary>Options that take one word of a few.</summary>
internal static class EnumOptions
{
    /// <summary>
    /// Takes only an enum's words as the interface writes them, never its numbers or <c>invalid</c>, and says which there
    /// are.
    /// </summary>
    public static Option<T> OneOf<T>(this Option<T> option)
    {
        var type = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        string[] words = [.. Enum.GetNames(type).Where(name => name != "Invalid").Select(Texts.Word)];
        option.HelpName = string.Join('|', words);
        option.CustomParser = result =>
        {
            var word = result.Tokens[^1].Value;
            if (Array.IndexOf(words, word) < 0)
            {
                result.AddError($"'{word}' is not one of {string.Join(", ", words)}.");
                return default;
            }

            return (T)Enum.Parse(type, word, ignoreCase: true);
        };
        return option;
    }
}
