using System.CommandLine;

namespace Control.Cli.CommandLine;

/// <summary>A command that looks after Ctrl-C and SIGTERM on its own.</summary>
internal sealed class SelfStoppingCommand(string name, string description) : Command(name, description);
