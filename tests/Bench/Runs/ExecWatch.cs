using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Control.Bench.Runs;

/// <summary>
/// Tells when a program is executed: the kernel opens its file then, which inotify(7) reports. Nobody else on the machine may
/// start it meanwhile.
/// </summary>
internal sealed partial class ExecWatch : IDisposable
{
    // sys/inotify.h: IN_OPEN, IN_CLOEXEC.
    private const uint Open = 0x20;
    private const int CloseOnExec = 0x80000;

    private readonly Lock _gate = new();
    private readonly int _events;
    private TaskCompletionSource<long> _next = NewNext();

    /// <exception cref="Win32Exception">The kernel refuses.</exception>
    public ExecWatch(string program)
    {
        _events = Init(CloseOnExec);
        if (_events < 0 || AddWatch(_events, program, Open) < 0) throw new Win32Exception();
        new Thread(Watch) { IsBackground = true }.Start();
    }

    /// <summary>The timestamp of the next execution after this call.</summary>
    public Task<long> NextAsync()
    {
        lock (_gate)
        {
            _next = NewNext();
            return _next.Task;
        }
    }

    public void Dispose() => _ = Close(_events);

    private static TaskCompletionSource<long> NewNext() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Watch()
    {
        var buffer = new byte[4096];
        while (Read(_events, ref buffer[0], buffer.Length) > 0)
        {
            var at = TimeProvider.System.GetTimestamp();
            lock (_gate)
            {
                // The first counts: bash opens nothing of itself later on.
                _next.TrySetResult(at);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Init(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int AddWatch(int events, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int events, ref byte buffer, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int events);
}
