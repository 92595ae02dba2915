using System.Collections.Frozen;
using System.Text;

namespace Control.Agent.Processes;

/// <summary>Texts that mean the same to every POSIX shell.</summary>
internal static class PosixShell
{
    // Names that one shell or another treats specially: assigning to them fails, is ignored or changes how it reads on.
    private static readonly FrozenSet<string> Special = FrozenSet.Create(
        StringComparer.Ordinal,
        "_", "DIRSTACK", "EGID", "ENV", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GID", "GROUPS", "HISTCMD", "HISTSIZE", "IFS", "LINENO", "MAIL", "MAILCHECK",
        "MAILPATH", "OPTARG", "OPTERR", "OPTIND", "POSIXLY_CORRECT", "PPID", "PS1", "PS2", "PS4", "RANDOM", "SECONDS", "SHELLOPTS", "SRANDOM", "UID");

    /// <summary>A text taken literally: one in which every quote is taken out of the quotes.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>True when every shell would hand the variable on as it is.</summary>
    public static bool IsPlain(string name) => !Special.Contains(name) && !name.StartsWith("BASH", StringComparison.Ordinal) && !name.StartsWith("LC_", StringComparison.Ordinal);

    /// <summary>
    /// What a shell that reads commands reads to become a command. It is one compound command, so a shell whose input ends in
    /// the middle, because the agent died, runs nothing of it.
    /// </summary>
    public static string Become(JobCommand command, string mark)
    {
        var text = new StringBuilder("{ exec 2>&1 && ulimit -c 0 && cd ").Append(Quote(command.Folder)).Append(" && unset PWD OLDPWD && export");
        foreach (var (name, value) in command.Environment.Where(variable => variable.Key != Mark.Variable).Append(new(Mark.Variable, mark)))
        {
            text.Append(' ').Append(name).Append('=').Append(Quote(value));
        }

        text.Append(" && exec");
        foreach (var word in command.Arguments.Prepend(command.Program))
        {
            text.Append(' ').Append(Quote(word));
        }

        return text.Append(" </dev/null; }\n").ToString();
    }
}
