using System.Buffers.Binary;

namespace Control.Runtime.Clustering;

/// <summary>Takes a frame; it must be quick, and what it throws ends the connection.</summary>
internal delegate void FrameSink(FrameKind kind, ReadOnlySpan<byte> payload);

/// <summary>
/// Frames over a stream: a length of 4 bytes, the kind, the payload. Whoever sends while nobody writes writes at once; what
/// others send meanwhile goes with the next write, so one write carries what many callers have to say.
/// </summary>
internal sealed class FrameStream(Stream stream) : IAsyncDisposable
{
    /// <summary>The longest frame; more than any contract allows, and a bound on what a peer can make us allocate.</summary>
    public const int MaxFrame = 64 * 1024 * 1024;

    // What may wait for a peer that does not read, before calls to it are refused.
    private const int MaxWaiting = 128 * 1024 * 1024;
    private const int HeaderSize = 5;
    private const int KeptBuffer = 1024 * 1024;

    private readonly Lock _gate = new();
    private byte[] _filling = new byte[16 * 1024];
    private byte[] _writing = new byte[16 * 1024];
    private int _filled;
    private bool _isWriting;
    private bool _isClosed;

    /// <summary>Sends a frame. Does not wait for the peer.</summary>
    /// <returns>False when the connection is over or the peer too far behind.</returns>
    /// <exception cref="ArgumentException">The frame is too long.</exception>
    public bool TrySend(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxFrame) throw new ArgumentException($"A message of {payload.Length} bytes is over the limit of {MaxFrame}.");
        lock (_gate)
        {
            if (_isClosed || _filled > MaxWaiting) return false;
            Append(kind, payload);
            if (_isWriting) return true;
            _isWriting = true;
        }

        _ = WriteAsync();
        return true;
    }

    /// <summary>Reads frames until the stream ends or something is wrong with it.</summary>
    /// <param name="sink">Takes the frames.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The connection is lost.</exception>
    /// <exception cref="Codecs.WireFormatException">What came is no frame.</exception>
    public async Task ReadAsync(FrameSink sink, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var filled = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken).ConfigureAwait(false);
            if (read == 0) return;
            filled += read;
            var taken = TakeFrames(buffer.AsSpan(0, filled), sink, out var wanted);
            buffer.AsSpan(taken, filled - taken).CopyTo(buffer);
            filled -= taken;
            if (wanted > buffer.Length) Array.Resize(ref buffer, wanted);
            else if (filled == 0 && buffer.Length > KeptBuffer) buffer = new byte[64 * 1024];
        }
    }

    /// <summary>Sends one frame and waits until it is written; before anything else is sent.</summary>
    public static ValueTask SendOneAsync(Stream stream, FrameKind kind, byte[] payload, CancellationToken cancellationToken)
    {
        var frame = new byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)payload.Length);
        frame[4] = (byte)kind;
        payload.CopyTo(frame, HeaderSize);
        return stream.WriteAsync(frame, cancellationToken);
    }

    /// <summary>Reads one short frame, and not a byte more.</summary>
    /// <param name="stream">Nothing was read from it ahead.</param>
    /// <param name="kind">What it must be.</param>
    /// <param name="limit">The longest payload.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="Codecs.WireFormatException">It is another, or longer.</exception>
    /// <exception cref="EndOfStreamException">There is none.</exception>
    public static async Task<byte[]> ReadOneAsync(Stream stream, FrameKind kind, int limit, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderSize];
        await stream.ReadExactlyAsync(header, cancellationToken).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (header[4] != (byte)kind || length > limit) throw new Codecs.WireFormatException($"A frame {kind} of up to {limit} bytes was expected.");
        var payload = new byte[length];
        await stream.ReadExactlyAsync(payload, cancellationToken).ConfigureAwait(false);
        return payload;
    }

    /// <summary>Nothing more is sent.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate) _isClosed = true;
        await stream.DisposeAsync().ConfigureAwait(false);
    }

    private static int TakeFrames(ReadOnlySpan<byte> bytes, FrameSink sink, out int wanted)
    {
        var taken = 0;
        wanted = 0;
        while (bytes.Length - taken >= HeaderSize)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[taken..]);
            if (length > MaxFrame) throw new Codecs.WireFormatException($"A frame of {length} bytes is over the limit of {MaxFrame}.");
            var end = taken + HeaderSize + (int)length;
            if (end > bytes.Length)
            {
                wanted = HeaderSize + (int)length;
                break;
            }

            sink((FrameKind)bytes[taken + 4], bytes[(taken + HeaderSize)..end]);
            taken = end;
        }

        return taken;
    }

    private void Append(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        var needed = _filled + HeaderSize + payload.Length;
        if (needed > _filling.Length) Array.Resize(ref _filling, Math.Max(needed, _filling.Length * 2));
        BinaryPrimitives.WriteUInt32LittleEndian(_filling.AsSpan(_filled), (uint)payload.Length);
        _filling[_filled + 4] = (byte)kind;
        payload.CopyTo(_filling.AsSpan(_filled + HeaderSize));
        _filled = needed;
    }

    private async Task WriteAsync()
    {
        try
        {
            while (TakeFilled() is { Length: > 0 } bytes) await stream.WriteAsync(bytes).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Whoever reads finds out, too.
            lock (_gate) _isClosed = true;
        }
    }

    private ReadOnlyMemory<byte> TakeFilled()
    {
        lock (_gate)
        {
            if (_filled == 0)
            {
                _isWriting = false;
                if (_writing.Length > KeptBuffer) _writing = new byte[16 * 1024];
                return default;
            }

            (_filling, _writing) = (_writing, _filling);
            var bytes = _writing.AsMemory(0, _filled);
            _filled = 0;
            return bytes;
        }
    }
}
