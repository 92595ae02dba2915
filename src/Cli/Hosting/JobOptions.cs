using System.CommandLine;
using Control.Agent;
using Control.Agent.Users;

namespace Control.Cli.Hosting;

/// <summary>Where and as whom an agent's jobs run: the same for an agent on its own and for the one inside a server.</summary>
internal static class JobOptions
{
    private const string None = "none";

    public static Option<string?> Work(string name) => new(name)
    {
        Description = $"Folder that jobs work in; every user must be able to pass through its path. Default: {AgentOptions.SharedWork} for root, the state folder for others.",
        HelpName = "folder",
    };

    public static Option<string> Users(string name) => new(name)
    {
        Description = $"Users that an agent of root gives its jobs, each attempt one of its own; '{None}' runs jobs as root.",
        HelpName = "first-last",
        DefaultValueFactory = _ => UserRange.Default.ToString(),
    };

    public static string? Path(string? given) => given is null ? null : System.IO.Path.GetFullPath(given);

    public static UserRange? Range(string text) => text == None ? null : UserRange.TryParse(text, out var range)
        ? range
        : throw new UsageException($"'{text}' is not a range of users from 1000 up such as {UserRange.Default}, nor '{None}'.");
}
