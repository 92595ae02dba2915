using Control.Contracts.Errors;

namespace Control.Agent.Processes;

/// <summary>Absolute paths of the programs that jobs are started with, found once so that a job's own PATH has no say.</summary>
/// <param name="SetSid">Starts a program in a session of its own.</param>
/// <param name="Sh">The POSIX shell.</param>
/// <param name="Bash">Null when it is not installed: jobs that ask for it fail with the cure.</param>
/// <param name="SetPriv">Starts a program as another user; null when it is not installed, which an agent that is root needs to know.</param>
/// <param name="PrLimit">Starts a program with limits; null when it is not installed: some limits are then not enforced.</param>
internal sealed record Programs(string SetSid, string Sh, string? Bash, string? SetPriv, string? PrLimit = null)
{
    /// <summary>The PATH of jobs when the agent itself has none.</summary>
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The PATH that jobs start with: the agent's.</summary>
    public static string SearchPath => Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : DefaultPath;

    /// <summary>Finds them.</summary>
    /// <exception cref="ControlException"><c>agent-unsupported</c>: not Linux, or a program is missing.</exception>
    public static Programs Find()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new ControlException("agent-unsupported", "The build agent runs on Linux only: it follows jobs' processes through /proc. Run it on a Linux machine or in a Linux container.");
        }

        return new Programs(Require("setsid", "util-linux"), Require("sh", "dash"), Locate("bash"), Locate("setpriv"), Locate("prlimit"));
    }

    private static string Require(string program, string package) => Locate(program)
        ?? throw new ControlException("agent-unsupported", $"The program '{program}' is not on the agent's PATH. Install it (on Debian: package {package}) and start the agent again.");

    /// <summary>Path of a program on the agent's PATH, else in the usual folders; null when it is in neither.</summary>
    public static string? Locate(string program) => $"{SearchPath}:{DefaultPath}"
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(path => Path.IsPathRooted(path) && File.Exists(path));
}
