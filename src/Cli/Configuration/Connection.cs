using Control.Cli.Client;

namespace Control.Cli.Configuration;

/// <summary>The server, credentials and workspace that a command uses.</summary>
/// <param name="Server">Its address.</param>
/// <param name="Token">The access token; null when there is none.</param>
/// <param name="Fingerprint">The pinned certificate; null without a pin.</param>
/// <param name="Workspace">The workspace meant when none is named; null without one.</param>
/// <param name="Context">The context it comes from; null when the server was given otherwise.</param>
internal sealed record Connection(Uri Server, string? Token, string? Fingerprint, string? Workspace, ContextEntry? Context)
{
    /// <summary>
    /// Decides what is meant: <c>--context</c> stands for everything it holds; otherwise <c>--server</c>, then
    /// <c>CONTROL_SERVER</c>, then the current context name the server. A remembered token goes only to the server it was
    /// given for, never to one that was merely named.
    /// </summary>
    /// <exception cref="UsageException">No server is named; the message names the cure.</exception>
    public static Connection Choose(CliConfig config, string? context, string? server, Func<string, string?> environment)
    {
        if (context is not null)
        {
            return server is null ? Of(Known(config, context)) : throw new UsageException("Give --server or --context, not both.");
        }

        var address = server ?? environment("CONTROL_SERVER");
        var entry = address is null
            ? config.Find(config.Current)
            : config.Contexts.FirstOrDefault(known => ParseServer(known.Server) == ParseServer(address));
        if (address is null && entry is null)
        {
            throw new UsageException("No server is known. Log in with 'control login SERVER', or set CONTROL_SERVER and CONTROL_TOKEN.");
        }

        var remembered = entry is null ? new Connection(ParseServer(address!), null, null, null, null) : Of(entry);
        return remembered with
        {
            Token = environment("CONTROL_TOKEN")?.Trim() ?? remembered.Token,
            Fingerprint = environment("CONTROL_FINGERPRINT") ?? remembered.Fingerprint,
        };
    }

    /// <summary>A server's address; <c>https</c> is meant when no scheme is given.</summary>
    public static Uri ParseServer(string text)
    {
        var address = text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}";
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0
            ? uri
            : throw new UsageException($"'{text}' is not a server address; give one such as https://control.example.org:7443.");
    }

    public ControlClient Open(TimeProvider time)
    {
        try
        {
            return new ControlClient(new ClientOptions { Server = Server, Token = Token, Fingerprint = Fingerprint, Time = time });
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static ContextEntry Known(CliConfig config, string name) =>
        config.Find(name) ?? throw new UsageException($"There is no context '{name}'. 'control context list' shows those there are.");

    private static Connection Of(ContextEntry entry) =>
        new(ParseServer(entry.Server), entry.Token, entry.Fingerprint, entry.Workspace, entry);
}
