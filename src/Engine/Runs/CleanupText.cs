using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>What ending an attempt found, in words: the same in its log and on the command line.</summary>
public static class CleanupText
{
    /// <summary>Such as <c>3 processes were ended 2 when asked and 1 by force, 1 out of its session, in 5.0 s</c>.</summary>
    public static string Of(CleanupView cleanup)
    {
        var all = cleanup.Terminated + cleanup.Killed;
        if (all == 0)
        {
            return "no process was running";
        }

        var how = cleanup switch
        {
            { Killed: 0 } => "when asked",
            { Terminated: 0 } => "by force",
            _ => FormattableString.Invariant($"{cleanup.Terminated} when asked and {cleanup.Killed} by force"),
        };
        var escaped = cleanup.Escaped == 0 ? "" : FormattableString.Invariant($", {cleanup.Escaped} out of {(cleanup.Escaped == 1 ? "its" : "their")} session");
        var count = all == 1 ? "1 process was ended" : FormattableString.Invariant($"{all} processes were ended");
        return FormattableString.Invariant($"{count} {how}{escaped}, in {cleanup.TookMilliseconds / 1000.0:0.0} s");
    }
}
