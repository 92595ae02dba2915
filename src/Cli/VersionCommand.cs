using System.CommandLine;
using System.Reflection;
using Control.Cli.CommandLine;

namespace Control.Cli;

/// <summary><c>control version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The program's version without the build's metadata.</summary>
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    public static Command Create(CommandFactory cli) => cli.Action("version", "Print the version of this program.", [], (call, _) =>
    {
        call.Output.Local(new { version = Version }, $"control {Version}\n");
        return Task.FromResult(ExitCodes.Succeeded);
    });
}
