using System.Text;
using Control.Cli.Output;

namespace Control.Cli.CommandLine;

/// <summary>How commands read what is too long or too secret for an argument.</summary>
internal static class Inputs
{
    /// <summary>Text of a file, or of standard input for <c>-</c>.</summary>
    /// <param name="services">Where standard input is.</param>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">Larger ones are refused.</param>
    /// <exception cref="UsageException">It cannot be read, is too large, or is no UTF-8.</exception>
    public static string ReadText(CliServices services, string path, int maxBytes)
    {
        try
        {
            var text = path == "-" ? ReadAtMost(services.Terminal.In, maxBytes) : ReadFile(path, maxBytes);
            return Encoding.UTF8.GetByteCount(text) <= maxBytes ? text : throw TooLarge(path, maxBytes);
        }
        catch (DecoderFallbackException)
        {
            throw new UsageException($"{path} is not UTF-8 text.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>A secret from a file, from standard input, or asked for; never from the command line, which others can see.</summary>
    /// <param name="call">Whose terminal to ask at.</param>
    /// <param name="file">The file; null for none.</param>
    /// <param name="stdin">True to read standard input.</param>
    /// <param name="question">What to ask a person.</param>
    /// <param name="maxBytes">Larger ones are refused.</param>
    /// <exception cref="UsageException">There is none.</exception>
    public static string ReadSecret(Call call, string? file, bool stdin, string question, int maxBytes)
    {
        if (file is not null && stdin)
        {
            throw new UsageException("Give a file or standard input, not both.");
        }

        var path = stdin ? "-" : file;
        if (path is not null)
        {
            return ReadText(call.Services, path, maxBytes);
        }

        if (!call.Services.Terminal.CanAsk)
        {
            throw new UsageException($"{question}: there is nobody to ask here. Give it in a file or on standard input; see --help.");
        }

        call.Services.Terminal.Error.Write($"{question}: ");
        return call.Services.Terminal.ReadHidden();
    }

    /// <summary>Asks a person; anything but yes is no.</summary>
    public static bool Confirm(Call call, string question)
    {
        call.Services.Terminal.Error.Write($"{Texts.Clean(question)} [y/N] ");
        return call.Services.Terminal.In.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    /// <summary>Values given as <c>KEY=VALUE</c>.</summary>
    public static Dictionary<string, string> Pairs(string[]? texts)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in texts ?? [])
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                throw new UsageException($"'{Texts.Clean(text)}' is not KEY=VALUE.");
            }

            if (!pairs.TryAdd(text[..equals], text[(equals + 1)..]))
            {
                throw new UsageException($"{Texts.Clean(text[..equals])} is given twice.");
            }
        }

        return pairs;
    }

    /// <summary>A duration such as <c>90s</c>, <c>1h30m</c> or <c>7d</c>.</summary>
    public static TimeSpan Duration(string text)
    {
        var (total, number, digits) = (TimeSpan.Zero, 0L, 0);
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c) && ++digits <= 6)
            {
                number = (number * 10) + (c - '0');
            }
            else if (digits is > 0 and <= 6 && total.TotalDays < 100_000 && Unit(c) is { } unit)
            {
                (total, number, digits) = (total + (unit * number), 0, 0);
            }
            else
            {
                digits = int.MaxValue;
                break;
            }
        }

        return digits == 0 && total > TimeSpan.Zero && total.TotalDays < 100_000
            ? total
            : throw new UsageException($"'{Texts.Clean(text)}' is not a duration; write one such as 90s, 30m, 1h30m or 7d.");
    }

    private static TimeSpan? Unit(char c) => c switch
    {
        's' => TimeSpan.FromSeconds(1),
        'm' => TimeSpan.FromMinutes(1),
        'h' => TimeSpan.FromHours(1),
        'd' => TimeSpan.FromDays(1),
        _ => null,
    };

    private static string ReadFile(string path, int maxBytes)
    {
        using var stream = File.OpenRead(path);
        using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
        return ReadAtMost(reader, maxBytes);
    }

    private static string ReadAtMost(TextReader reader, int maxChars)
    {
        var buffer = new char[maxChars + 1];
        var length = reader.ReadBlock(buffer, 0, buffer.Length);
        return length <= maxChars ? new string(buffer, 0, length) : throw TooLarge("The input", maxChars);
    }

    private static UsageException TooLarge(string what, int maxBytes) =>
        new($"{(what == "-" ? "Standard input" : what)} is larger than {maxBytes / 1024} KiB.");
}
