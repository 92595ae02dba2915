using System.Collections.Immutable;

namespace Control.Cli.Configuration;

/// <summary>A server and how to get in.</summary>
/// <param name="Name">How people call it.</param>
/// <param name="Server">Its address.</param>
/// <param name="Token">The access token; null after a logout.</param>
/// <param name="Fingerprint">The pinned certificate; null when the machine's trust decides.</param>
/// <param name="Workspace">The workspace meant when none is named.</param>
internal sealed record ContextEntry(string Name, string Server, string? Token, string? Fingerprint, string? Workspace);

/// <summary>What is remembered between commands.</summary>
/// <param name="Current">Name of the context meant when none is named.</param>
/// <param name="Contexts">In the order of their logins.</param>
internal sealed record CliConfig(string? Current, ImmutableArray<ContextEntry> Contexts)
{
    public static CliConfig Empty { get; } = new(null, []);

    public ContextEntry? Find(string? name) => Contexts.FirstOrDefault(context => context.Name == name);

    /// <summary>With this context in place of the one of its name, and current.</summary>
    public CliConfig With(ContextEntry context) =>
        new(context.Name, [.. Contexts.Where(other => other.Name != context.Name), context]);

    public CliConfig Without(string name) =>
        new(Current == name ? null : Current, [.. Contexts.Where(other => other.Name != name)]);
}
