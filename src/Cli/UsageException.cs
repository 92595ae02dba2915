namespace Control.Cli;

/// <summary>The command line is wrong or lacks something; the message names the cure.</summary>
internal sealed class UsageException(string message) : Exception(message);
