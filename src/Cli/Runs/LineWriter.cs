using System.Buffers;
using Control.Cli.Output;

namespace Control.Cli.Runs;

/// <summary>
/// Writes logs of several jobs into one output: whole lines, each after its job's prefix, bytes otherwise as they are.
/// </summary>
internal sealed class LineWriter(CommandOutput output, string prefix, Lock gate)
{
    /// <summary>A longer line is written in parts, so that one without end cannot fill the memory.</summary>
    private const int MaxLine = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _line = new();

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = bytes[..Math.Min(bytes.Length, MaxLine - _line.WrittenCount)];
            var end = room.IndexOf((byte)'\n');
            var part = end < 0 ? room : room[..end];
            _line.Write(part);
            bytes = bytes[(end < 0 ? part.Length : end + 1)..];
            if (end >= 0 || _line.WrittenCount == MaxLine)
            {
                EndLine();
            }
        }
    }

    /// <summary>Writes what has no line end yet.</summary>
    public void Flush()
    {
        if (_line.WrittenCount > 0)
        {
            EndLine();
        }
    }

    private void EndLine()
    {
        var whole = new ArrayBufferWriter<byte>(prefix.Length + _line.WrittenCount + 1);
        whole.Write(System.Text.Encoding.UTF8.GetBytes(prefix));
        whole.Write(_line.WrittenSpan);
        whole.Write("\n"u8);
        _line.Clear();
        lock (gate)
        {
            output.Raw(whole.WrittenMemory);
        }
    }
}
