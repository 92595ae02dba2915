using System.Runtime.InteropServices;
using Control.Chaos;

// Breaks a site by plan, prints one "name value unit" line per figure, and exits with 0 only if nothing was wrong.
using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var outcome = await FaultRun.PlayAsync(ChaosOptions.FromEnvironment(), Console.Error, stop.Token);
    return Report.Print(outcome, Console.Out, Console.Error);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
catch (ArgumentException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
