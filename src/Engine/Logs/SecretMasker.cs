using System.Buffers;

namespace Control.Engine.Logs;

/// <summary>
/// Replaces secrets in a stream of log bytes with <c>***</c>. A run of bytes that belong to one or more secrets becomes one
/// <c>***</c>, so secrets that overlap, or of which one begins with another, leave nothing behind. Bytes that may be the
/// beginning of a secret are held back until that is decided: never more than the longest form's length minus one, and none at
/// all for text that does not look like one. How the stream is cut into chunks makes no difference to what comes out.
/// Not safe for concurrent use: one masker per stream.
/// </summary>
public sealed class SecretMasker(SecretSet secrets)
{
    private readonly List<Run> _runs = [];
    private byte[] _held = [];
    private int _heldLength;
    private int _state = SecretSet.Start;
    private long _written;
    private bool _maskedLast;

    /// <summary>Bytes that went in and have not come out yet, masked or not.</summary>
    public int HeldBack => _heldLength;

    /// <summary>Takes in the next bytes and writes what is decided.</summary>
    public void Write(ReadOnlySpan<byte> chunk, IBufferWriter<byte> output)
    {
        Search(chunk);
        var end = _written + _heldLength + chunk.Length;
        Emit(end - secrets.Undecided(_state), chunk, output);
        Hold(chunk, (int)(end - _written));
    }

    /// <summary>Ends the stream: writes what was held back. The masker can be used for another stream afterwards.</summary>
    public void Flush(IBufferWriter<byte> output)
    {
        Emit(_written + _heldLength, [], output);
        (_heldLength, _state, _maskedLast) = (0, SecretSet.Start, false);
        _runs.Clear();
    }

    private void Search(ReadOnlySpan<byte> chunk)
    {
        var start = _written + _heldLength;
        var state = _state;
        for (var i = 0; i < chunk.Length; i++)
        {
            if (state == SecretSet.Start)
            {
                var skipped = secrets.NextStart(chunk[i..]);
                if (skipped < 0)
                {
                    break;
                }

                i += skipped;
            }

            state = secrets.Step(state, chunk[i]);
            var found = secrets.Found(state);
            if (found > 0)
            {
                AddRun(start + i + 1 - found, start + i + 1);
            }
        }

        _state = state;
    }

    /// <summary>Adds a find, joined with those it overlaps or touches. Finds come ordered by their ends.</summary>
    private void AddRun(long start, long end)
    {
        while (_runs.Count > 0 && _runs[^1].End >= start)
        {
            start = Math.Min(start, _runs[^1].Start);
            _runs.RemoveAt(_runs.Count - 1);
        }

        _runs.Add(new Run(start, end));
    }

    /// <summary>Writes everything before an offset of the stream; a run that goes on behind it is cut there.</summary>
    private void Emit(long to, ReadOnlySpan<byte> chunk, IBufferWriter<byte> output)
    {
        var (heldAt, at, done) = (_written, _written, 0);
        foreach (var run in _runs)
        {
            if (run.Start >= to)
            {
                break;
            }

            Copy(at, run.Start, heldAt, chunk, output);
            if (!_maskedLast || run.Start > at)
            {
                output.Write("***"u8);
            }

            at = Math.Min(run.End, to);
            _maskedLast = true;
            done += run.End <= to ? 1 : 0;
        }

        Copy(at, to, heldAt, chunk, output);
        _maskedLast &= at == to;
        _written = to;
        _runs.RemoveRange(0, done);
        if (_runs.Count > 0 && _runs[0].Start < to)
        {
            _runs[0] = _runs[0] with { Start = to };
        }
    }

    /// <summary>Writes a part of the stream as it is, from the held bytes, the chunk behind them, or both.</summary>
    private void Copy(long from, long to, long heldAt, ReadOnlySpan<byte> chunk, IBufferWriter<byte> output)
    {
        var (first, end) = ((int)(from - heldAt), (int)(to - heldAt));
        if (first < Math.Min(end, _heldLength))
        {
            output.Write(_held.AsSpan(first..Math.Min(end, _heldLength)));
        }

        if (end > _heldLength && end > first)
        {
            output.Write(chunk[(Math.Max(first, _heldLength) - _heldLength)..(end - _heldLength)]);
        }
    }

    /// <summary>Keeps the last bytes of held bytes and chunk together.</summary>
    private void Hold(ReadOnlySpan<byte> chunk, int count)
    {
        if (_held.Length < count)
        {
            Array.Resize(ref _held, count);
        }

        var kept = Math.Max(0, count - chunk.Length);
        _held.AsSpan(_heldLength - kept, kept).CopyTo(_held);
        chunk[^(count - kept)..].CopyTo(_held.AsSpan(kept));
        _heldLength = count;
    }

    /// <summary>Offsets of the stream between which everything is masked.</summary>
    private readonly record struct Run(long Start, long End);
}
