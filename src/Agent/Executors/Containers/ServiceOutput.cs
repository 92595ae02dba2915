using System.Buffers;
using System.Text;
using Control.Agent.Logs;
using Control.Engine.Logs;

namespace Control.Agent.Executors.Containers;

/// <summary>What a service prints, for the attempt's log: masked, then cut into lines, each behind the service's name.</summary>
internal sealed class ServiceOutput(string service, JobLog log, SecretSet secrets)
{
    private const byte LineEnd = (byte)'\n';
    private const int LongestLine = 8 * 1024;

    // For a message that has 1,000 characters for all it says.
    private const int LastLines = 5;
    private const int LastLength = 700;

    private readonly Lock _gate = new();
    private readonly SecretMasker _masker = new(secrets);
    private readonly byte[] _prefix = Encoding.ASCII.GetBytes($"[{service}] ");
    private readonly ArrayBufferWriter<byte> _masked = new();
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly Queue<string> _last = new();

    /// <summary>The last lines, for a message.</summary>
    public string Last
    {
        get
        {
            lock (_gate)
            {
                var text = string.Join(" / ", _last);
                return text.Length == 0 ? "It printed nothing." : $"It printed last: {text[^Math.Min(text.Length, LastLength)..]}";
            }
        }
    }

    /// <summary>Takes output as it comes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _masker.Write(bytes, _masked);
            Cut();
        }
    }

    /// <summary>Writes what was held back, and what has no line end; another stream may follow.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            _masker.Flush(_masked);
            Cut();
            if (_line.WrittenCount > 0)
            {
                EndLine();
                Send();
            }
        }
    }

    private void Cut()
    {
        for (var rest = _masked.WrittenSpan; !rest.IsEmpty;)
        {
            var end = rest.IndexOf(LineEnd);
            var length = Math.Min(end < 0 ? rest.Length : end, LongestLine - _line.WrittenCount);
            _line.Write(rest[..length]);
            if (length == end || _line.WrittenCount == LongestLine)
            {
                EndLine();
            }

            rest = rest[(length == end ? length + 1 : length)..];
        }

        _masked.ResetWrittenCount();
        Send();
    }

    private void EndLine()
    {
        _lines.Write(_prefix);
        _lines.Write(_line.WrittenSpan);
        _lines.Write([LineEnd]);
        if (_last.Count == LastLines)
        {
            _last.Dequeue();
        }

        _last.Enqueue(Encoding.UTF8.GetString(_line.WrittenSpan[..Math.Min(LastLength, _line.WrittenCount)]).Trim());
        _line.ResetWrittenCount();
    }

    private void Send()
    {
        log.WriteBeside(_lines.WrittenSpan);
        _lines.ResetWrittenCount();
    }
}
