using System.Globalization;
using System.Text;

namespace Control.Engine.Pipelines;

/// <summary>The outputs an attempt wrote, or why its file cannot be used.</summary>
/// <param name="Values">Declared keys with their values; empty when there is an error.</param>
/// <param name="Error">What is wrong, with the line and the cure; null when nothing is.</param>
public sealed record ParsedOutputs(ImmutableSortedDictionary<string, string> Values, string? Error);

/// <summary>
/// Reads the file behind <c>$CONTROL_OUTPUT</c>: <c>KEY=value</c> lines, and <c>KEY&lt;&lt;WORD</c>, lines, <c>WORD</c> for values
/// of several lines. The last value of a key counts; keys that the job does not declare are ignored. Errors name lines and
/// never show them: a step may have written a secret, and a quotation that is cut would no longer be masked.
/// </summary>
public static class OutputFile
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the file's bytes.</summary>
    /// <param name="file">The whole file; one byte over <see cref="PipelineLimits.OutputFileBytes"/> suffices to have it refused.</param>
    /// <param name="declared">The job's outputs, up to <see cref="PipelineLimits.Outputs"/>.</param>
    public static ParsedOutputs Parse(ReadOnlySpan<byte> file, ImmutableArray<string> declared)
    {
        if (file.Length > PipelineLimits.OutputFileBytes)
        {
            return Refuse($"The outputs file is larger than {PipelineLimits.OutputFileBytes / 1024} KiB. Pass large results as files, not as outputs.");
        }

        string text;
        try
        {
            text = Strict.GetString(file);
        }
        catch (DecoderFallbackException)
        {
            return Refuse("The outputs file is not UTF-8. Encode binary values, for example with base64.");
        }

        return text.Contains('\0')
            ? Refuse("The outputs file contains NUL. Encode binary values, for example with base64.")
            : Read(text, declared);
    }

    private static ParsedOutputs Read(string text, ImmutableArray<string> declared)
    {
        var lines = text.Split('\n');
        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].AsSpan().Trim().IsEmpty)
            {
                continue;
            }

            var first = i;
            if (Entry(lines, ref i, out var key, out var value) is { } fault)
            {
                return Refuse(string.Create(CultureInfo.InvariantCulture, $"Line {first + 1} of the outputs file: {fault}"));
            }

            if (declared.Contains(key, StringComparer.Ordinal))
            {
                values[key] = value;
            }
        }

        return CheckSizes(values) is { } size ? Refuse(size) : new ParsedOutputs(values.ToImmutable(), null);
    }

    /// <summary>Reads the entry at a line and moves to its last line; null, or what is wrong.</summary>
    private static string? Entry(string[] lines, ref int line, out string key, out string value)
    {
        var text = lines[line];
        var mark = text.AsSpan().IndexOfAny('=', '<');
        var block = mark >= 0 && text.AsSpan(mark).StartsWith("<<");
        (key, value) = (mark < 0 ? text : text[..mark], "");
        if (mark < 0 || (text[mark] == '<' && !block))
        {
            return "this is neither KEY=value nor KEY<<WORD. Write values of several lines as KEY<<WORD, the lines, WORD.";
        }

        if (!VariableName.IsPosix(key))
        {
            return $"what stands before '=' or '<<' is not a key. Use {VariableName.Rule}, without spaces.";
        }

        if (!block)
        {
            value = text[(mark + 1)..];
            return null;
        }

        return Block(lines, ref line, text[(mark + 2)..].Trim(), out value);
    }

    private static string? Block(string[] lines, ref int line, string word, out string value)
    {
        value = "";
        if (word.Length == 0)
        {
            return "'<<' needs a word behind it that ends the value, such as EOF.";
        }

        var start = line + 1;
        var end = Array.IndexOf(lines, word, start);
        if (end < 0)
        {
            return "the value has no end. Write the word behind '<<' on a line of its own behind it.";
        }

        value = string.Join('\n', lines, start, end - start);
        line = end;
        return null;
    }

    private static string? CheckSizes(IReadOnlyDictionary<string, string> values)
    {
        var sizes = values.Select(v => (v.Key, Bytes: Encoding.UTF8.GetByteCount(v.Value))).ToArray();
        if (sizes.FirstOrDefault(s => s.Bytes > PipelineLimits.OutputValueBytes) is { Key: { } key } large)
        {
            return $"Output {key} has {large.Bytes} bytes; up to {PipelineLimits.OutputValueBytes} are allowed.";
        }

        var total = sizes.Sum(s => s.Key.Length + s.Bytes);
        return total > PipelineLimits.OutputBytes
            ? $"The outputs have {total} bytes in all; up to {PipelineLimits.OutputBytes} are allowed."
            : null;
    }

    private static ParsedOutputs Refuse(string error) => new(ImmutableSortedDictionary<string, string>.Empty, error);
}
