using System.Buffers;
using System.Globalization;
using System.Text;
using Control.Engine.Logs;

namespace Control.Agent.Logs;

/// <summary>
/// What a job writes: masked, limited, spooled. Output of the steps and the agent's own lines come in one after the other and
/// keep that order. Trouble is told once, to <c>onTrouble</c>; what is written after it is dropped, so that processes about
/// to be ended are not held up by a full pipe.
/// </summary>
internal sealed class JobLog
{
    // Waits for a line of the steps to end.
    private const int MostBeside = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _masked = new(32 * 1024);
    private readonly ArrayBufferWriter<byte> _beside = new();
    private readonly LogSpool _spool;
    private readonly SecretMasker _masker;
    private readonly long _limit;
    private readonly Action<LogTrouble> _onTrouble;
    private bool _closed;
    private bool _atLineStart = true;
    private bool _isSpooledToLineEnd = true;

    /// <summary>Starts an empty log.</summary>
    /// <param name="spool">Gets the masked bytes.</param>
    /// <param name="masker">Of this job's secrets.</param>
    /// <param name="limit">Bytes; more is trouble.</param>
    /// <param name="onTrouble">Told at most once, under a lock: it must not block or write.</param>
    public JobLog(LogSpool spool, SecretMasker masker, long limit, Action<LogTrouble> onTrouble) =>
        (_spool, _masker, _limit, _onTrouble) = (spool, masker, limit, onTrouble);

    /// <summary>Writes output as it came.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_closed || bytes.IsEmpty)
            {
                return;
            }

            _atLineStart = bytes[^1] == (byte)'\n';
            _masker.Write(bytes, _masked);
            Spool();
            SpoolBeside();
        }
    }

    /// <summary>
    /// Writes whole lines, masked already, of something that runs beside the steps: once the line ends that the steps are in
    /// the middle of, or when too much waits for that.
    /// </summary>
    public void WriteBeside(ReadOnlySpan<byte> lines)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _beside.Write(lines);
                SpoolBeside();
            }
        }
    }

    /// <summary>Writes a line of the agent's, marked as such, on a line of its own.</summary>
    public void WriteLine(string text)
    {
        var clean = string.Create(text.Length, text, (line, source) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                line[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
        lock (_gate)
        {
            Write(Encoding.UTF8.GetBytes($"{(_atLineStart ? "" : "\n")}== {clean}\n"));
        }
    }

    /// <summary>Writes what the masker still held back; nothing is taken after that.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _masker.Flush(_masked);
                Spool();
                SpoolBeside(isLast: true);
                _closed = true;
            }

            _spool.Complete();
        }
    }

    // What the steps' masker holds back stays held back: a secret is masked also where a line came in between.
    private void SpoolBeside(bool isLast = false)
    {
        if (_closed || _beside.WrittenCount == 0 || !(_isSpooledToLineEnd || isLast || _beside.WrittenCount > MostBeside))
        {
            return;
        }

        _masked.Write(_isSpooledToLineEnd ? [] : "\n"u8);
        _masked.Write(_beside.WrittenSpan);
        _beside.ResetWrittenCount();
        Spool();
    }

    private void Spool()
    {
        if (_masked.WrittenCount > 0)
        {
            _isSpooledToLineEnd = _masked.WrittenSpan[^1] == (byte)'\n';
        }

        try
        {
            var room = _limit - _spool.Length;
            if (_masked.WrittenCount <= room)
            {
                _spool.Append(_masked.WrittenSpan);
            }
            else
            {
                SpoolLast(room);
            }
        }
        catch (IOException e)
        {
            _closed = true;
            _onTrouble(new LogTrouble(false, e.Message));
        }

        _masked.ResetWrittenCount();
    }

    // The limit is the server's too: what is stored, the notice included, stays within it.
    private void SpoolLast(long room)
    {
        _closed = true;
        var message = string.Create(CultureInfo.InvariantCulture, $"The job wrote more than {_limit} bytes of log. Write less, or to files.");
        var notice = Encoding.UTF8.GetBytes($"\n== {message}\n");
        if (room >= notice.Length)
        {
            _spool.Append([.. _masked.WrittenSpan[..(int)(room - notice.Length)], .. notice]);
        }

        _onTrouble(new LogTrouble(true, message));
    }
}

/// <summary>Why a log takes no more.</summary>
/// <param name="IsLimit">The job wrote too much; otherwise the agent's disk or quota is at fault.</param>
/// <param name="Message">In a sentence.</param>
internal sealed record LogTrouble(bool IsLimit, string Message);
