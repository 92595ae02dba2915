using System.Runtime.InteropServices;
using Control.Contracts.Runs;

namespace Control.Cli.Runs.Local;

/// <summary>
/// Ctrl-C and SIGTERM during a run without a server: the first cancels it, with what its <c>finally</c> has to clean up; the
/// second stops that too. Either way the program ends only once no process of a job is left.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    private readonly List<PosixSignalRegistration> _signals;
    private readonly LocalRun _run;
    private readonly Action<string> _tell;
    private int _count;

    /// <summary>Listens from now on.</summary>
    public Interrupts(LocalRun run, Action<string> tell)
    {
        (_run, _tell) = (run, tell);
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            Interrupt();
        }))];
    }

    /// <summary>As if a signal had come.</summary>
    public void Interrupt()
    {
        var isFirst = Interlocked.Increment(ref _count) == 1;
        _tell(isFirst ? "Cancelling; what runs is stopped, then 'finally' runs. Once more stops everything now." : "Stopping everything.");
        _run.Cancel(isFirst ? CancelMode.AfterFinally : CancelMode.Now);
    }

    public void Dispose() => _signals.ForEach(signal => signal.Dispose());
}
