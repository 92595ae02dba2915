using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace Control.Agent.Logs;

/// <summary>
/// One attempt's log on disk, from the first byte until the server has the last one. One writer at a time appends; one
/// reader follows. Bytes are kept as they are, valid UTF-8 or not.
/// </summary>
internal sealed class LogSpool : IDisposable
{
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SpoolQuota _quota;
    private readonly SafeFileHandle _file;
    private long _length;
    private bool _complete;

    /// <summary>Makes the file, which goes away with the spool.</summary>
    /// <exception cref="IOException">The disk is full or there is such a file.</exception>
    public LogSpool(string path, SpoolQuota quota)
    {
        _quota = quota;
        Path = path;
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Bytes written.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>True once nothing will be appended.</summary>
    public bool IsComplete => Volatile.Read(ref _complete);

    /// <summary>Appends.</summary>
    /// <exception cref="IOException">The disk or the quota is full; nothing of the bytes counts.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (!_quota.TryTake(bytes.Length))
        {
            throw new IOException("The logs waiting for upload have reached the agent's quota.");
        }

        try
        {
            RandomAccess.Write(_file, bytes, _length);
        }
        catch (IOException)
        {
            // A part may have found room; it does not count, so it must not take any.
            RandomAccess.SetLength(_file, _length);
            _quota.Return(bytes.Length);
            throw;
        }

        Volatile.Write(ref _length, _length + bytes.Length);
        _news.Writer.TryWrite(true);
    }

    /// <summary>Nothing more will come.</summary>
    public void Complete()
    {
        Volatile.Write(ref _complete, true);
        _news.Writer.TryWrite(true);
    }

    /// <summary>Reads what there is at an offset: no more than counts, though the file may be longer for a moment.</summary>
    public int Read(long offset, Span<byte> buffer) => RandomAccess.Read(_file, buffer[..(int)Math.Clamp(Length - offset, 0, buffer.Length)], offset);

    /// <summary>Waits until something was appended or completed since the last wait; may return without news.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken) => await _news.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Removes the file.</summary>
    public void Dispose()
    {
        if (!_file.IsClosed)
        {
            _quota.Return(_length);
            _file.Dispose();
        }
    }
}
