using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Control.Cli.Client;
using Control.Contracts;

namespace Control.Cli.Output;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Yaml,
}

/// <summary>
/// All output of a command. Results go to standard output, everything else to standard error; with a machine format
/// nothing but the document reaches standard output.
/// </summary>
internal sealed class CommandOutput(Terminal terminal, OutputFormat format, bool color, bool quiet)
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether results are for people.</summary>
    public bool IsText => format == OutputFormat.Table;

    public bool Color => color;

    /// <summary>Whether a view may be drawn over and over in place.</summary>
    public bool IsLive => IsText && terminal.OutIsTerminal && !quiet;

    public int Height => terminal.Height();

    /// <summary>An object: the server's document as it is, or as <paramref name="text"/> renders it.</summary>
    public void Value<T>(Answer<T> answer, Func<T, string> text)
    {
        if (IsText)
        {
            Text(text(answer.Value));
        }
        else
        {
            Document(answer.Json);
        }
    }

    /// <summary>A page of a list; in tables, how to get the next one is a note.</summary>
    public void Page<T>(Answer<ItemPage<T>> answer, Table<T> table)
    {
        Value(answer, page => table.Render(page.Items.IsDefault ? [] : page.Items, color));
        if (IsText && answer.Value.NextCursor is { } cursor)
        {
            Note($"There is more: add --cursor {Texts.Clean(cursor)}");
        }
    }

    /// <summary>A document made by this program, in a machine format or as text.</summary>
    public void Local<T>(T value, string text)
    {
        if (IsText)
        {
            Text(text);
        }
        else
        {
            Document(ContractJson.Write(value));
        }
    }

    /// <summary>Text for standard output, line end included.</summary>
    public void Text(string text) => Raw(Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes for standard output as they are.</summary>
    public void Raw(ReadOnlyMemory<byte> bytes)
    {
        terminal.Out.Write(bytes.Span);
        terminal.Out.Flush();
    }

    /// <summary>A remark on standard error, not shown with <c>--quiet</c>.</summary>
    public void Note(string text)
    {
        if (!quiet)
        {
            terminal.Error.WriteLine(text);
        }
    }

    /// <summary>What went wrong, with the cure.</summary>
    public void Error(string text) => terminal.Error.WriteLine($"{Tone.Bad.Paint("error:", color)} {text}");

    /// <summary>A further line on standard error that belongs to an error or a question.</summary>
    public void Diagnostic(string text) => terminal.Error.WriteLine(text);

    /// <summary>JSON as the chosen machine format.</summary>
    private void Document(string json)
    {
        using var document = JsonDocument.Parse(json);
        if (format == OutputFormat.Yaml)
        {
            Text(YamlWriter.Write(document.RootElement));
            return;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            document.RootElement.WriteTo(writer);
        }

        buffer.Write("\n"u8);
        Raw(buffer.WrittenMemory);
    }
}
