namespace Control.Agent.Processes;

/// <summary>Ends processes until none is left, whatever they do meanwhile.</summary>
internal static class Extinction
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Ends everything that <paramref name="find"/> gives: SIGTERM, and after <paramref name="grace"/> SIGKILL, again and
    /// again until two looks in a row find nothing (one look can miss a process forked while it reads). It waits as long as
    /// that takes, because nobody may be told "stopped" before; a process stuck in the kernel can hold it up.
    /// </summary>
    /// <remarks>Looks at real processes and so on real time always: the kernel does not know a faked clock.</remarks>
    /// <returns>How many processes the first look found.</returns>
    public static async Task<int> OfAsync(Func<List<int>> find, TimeSpan grace)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var found = find();
        var first = found.Count;
        if (grace > TimeSpan.Zero)
        {
            Signal(found, Libc.SigTerm);
        }

        var pause = FirstLook;
        for (var empty = 0; empty < 2; found = find())
        {
            if (found.Count == 0)
            {
                empty++;
                continue;
            }

            empty = 0;
            if (clock.GetElapsedTime(start) >= grace)
            {
                Signal(found, Libc.SigKill);
            }

            await Task.Delay(pause, clock).ConfigureAwait(false);
            pause = pause * 2 < LongestLook ? pause * 2 : LongestLook;
        }

        return first;
    }

    private static void Signal(List<int> processes, int signal)
    {
        foreach (var process in processes)
        {
            _ = Libc.Kill(process, signal);
        }
    }
}
