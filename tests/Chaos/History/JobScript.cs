using System.Globalization;
using System.Text;
using Control.Contracts.Runs;

namespace Control.Chaos.History;

/// <summary>What jobs say and log, in shell and, for the check, here.</summary>
internal static class JobScript
{
    /// <summary>The file's name in the site's folder; a step begins by sourcing it.</summary>
    public const string File = "job.sh";

    private const string Filling = "........................................";

    /// <summary>Functions for steps: each writes one whole line at the end of the journal, so lines do not mix and their order is that of what they tell.</summary>
    public static string Text(string folder) => $$"""
        note() {
          read -r up idle < /proc/uptime
          echo "$1 $CONTROL_ATTEMPT_ID $$ $up${2:+ $2}${3:+ $3}" >> "{{folder}}/{{Journal.File}}"
        }
        began() { note began; }
        entered() { note entered "$1" "$2"; }
        left() { note left "$1"; }
        lines() {
          i=0
          while [ "$i" -lt "$1" ]; do
            echo "$CONTROL_ATTEMPT_ID $i {{Filling}}"
            i=$((i + 1))
          done
        }
        wrote() { note wrote "$1"; }
        """;

    /// <summary>What <c>lines</c> writes.</summary>
    public static byte[] Log(AttemptId attempt, int lines)
    {
        var log = new StringBuilder();
        for (var i = 0; i < lines; i++) log.Append(CultureInfo.InvariantCulture, $"{attempt} {i} {Filling}\n");
        return Encoding.UTF8.GetBytes(log.ToString());
    }
}
