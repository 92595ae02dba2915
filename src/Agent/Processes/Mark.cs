using System.Globalization;
using System.Text;

namespace Control.Agent.Processes;

/// <summary>
/// Marks processes through their environment, which children inherit and Linux shows in <c>/proc/PID/environ</c>: the way to
/// find those that left their session. A mark is <c>installation/boot/job/</c>; prefixes of it name a boot or an installation.
/// An agent that itself runs inside a job adds its marks to the ones it inherited, so the outer agent still finds the inner
/// one's jobs.
/// </summary>
internal static class Mark
{
    /// <summary>The environment variable; marks in it are separated by spaces.</summary>
    public const string Variable = "CONTROL_MARK";

    private static readonly byte[] Assignment = Encoding.ASCII.GetBytes($"{Variable}=");

    /// <summary>Matches all jobs of one installation (state folder), whatever the boot.</summary>
    public static string OfInstallation(string installation) => $"{installation}/";

    /// <summary>Matches all jobs of one boot.</summary>
    public static string OfBoot(string installation, string bootId) => $"{installation}/{bootId}/";

    /// <summary>Matches one job.</summary>
    public static string OfJob(string bootMark, long job) => string.Create(CultureInfo.InvariantCulture, $"{bootMark}{job}/");

    /// <summary>Matches the services of one job, which outlast the job's own processes.</summary>
    public static string OfServices(string bootMark, long job) => string.Create(CultureInfo.InvariantCulture, $"{bootMark}services-{job}/");

    /// <summary>The variable's value for a job: the marks this process inherited, then <paramref name="mark"/>.</summary>
    public static string Value(string mark) =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 and < 4096 } inherited ? $"{inherited} {mark}" : mark;

    /// <summary>True when an environment block (entries ended by NUL) carries a mark that starts with <paramref name="prefix"/>.</summary>
    public static bool IsIn(ReadOnlySpan<byte> environment, ReadOnlySpan<byte> prefix)
    {
        foreach (var range in environment.Split((byte)0))
        {
            var entry = environment[range];
            if (entry.StartsWith(Assignment) && Has(entry[Assignment.Length..], prefix))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Has(ReadOnlySpan<byte> value, ReadOnlySpan<byte> prefix)
    {
        foreach (var range in value.Split((byte)' '))
        {
            if (value[range].StartsWith(prefix))
            {
                return true;
            }
        }

        return false;
    }
}
