using Control.Contracts.Runs;

namespace Control.Agent.Processes;

/// <summary>Ends processes until none is left, whatever they do meanwhile.</summary>
internal static class Extinction
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(250);

    // A process may wipe what the kernel shows of it; it then looks unsettled for good.
    private static readonly TimeSpan LongestUnsettled = TimeSpan.FromSeconds(2);

    /// <summary>What it comes to where there is nothing.</summary>
    public static CleanupView OfNothing { get; } = new(0, 0, 0, 0, 0);

    /// <summary>
    /// Ends everything that <paramref name="look"/> finds: SIGTERM, and after <paramref name="grace"/> SIGKILL, again and
    /// again until two looks in a row find nothing (one look can miss a process forked while it reads). It waits as long as
    /// that takes, because nobody may be told "stopped" before; a process stuck in the kernel can hold it up.
    /// </summary>
    /// <remarks>Looks at real processes and so on real time always: the kernel does not know a faked clock.</remarks>
    /// <param name="look">Finds what is to be ended.</param>
    /// <param name="grace">Before it is killed.</param>
    /// <param name="kill">Kills all of it at once, where something can, so that forking gets nobody away.</param>
    /// <returns>What it found and did.</returns>
    public static async Task<CleanupView> OfAsync(Func<Sighting> look, TimeSpan grace, Action? kill = null)
    {
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var sighting = look();
        var first = sighting.Found.Count;
        HashSet<int> seen = [], escaped = [], asked = [], killed = [];
        var pause = FirstLook;
        for (var empty = 0; empty < 2; sighting = look())
        {
            var passed = clock.GetElapsedTime(start);
            if (sighting.Found.Count == 0 && (sighting.IsSettled || passed > grace + LongestUnsettled))
            {
                empty++;
                continue;
            }

            empty = 0;
            seen.UnionWith(sighting.Found);
            escaped.UnionWith(sighting.Escaped);
            if (passed >= grace)
            {
                killed.UnionWith(sighting.Found);
                kill?.Invoke();
                Signal(sighting.Found, Libc.SigKill);
            }
            else
            {
                // Once each: a process may be forked after the others were asked. A second time only who cannot have heard: a shell's fork
                // takes the signal for its parent's trap, and forgets it when it becomes the command.
                Signal(sighting.Found.Where(process => asked.Add(process) || ProcessTable.DiesOf(process, Libc.SigTerm)), Libc.SigTerm);
            }

            await Task.Delay(pause, clock).ConfigureAwait(false);
            pause = pause * 2 < LongestLook ? pause * 2 : LongestLook;
        }

        return new CleanupView(first, escaped.Count, seen.Count - killed.Count, killed.Count, (long)clock.GetElapsedTime(start).TotalMilliseconds);
    }

    private static void Signal(IEnumerable<int> processes, int signal)
    {
        foreach (var process in processes)
        {
            _ = Libc.Kill(process, signal);
        }
    }
}
