using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Configuration;
using Control.Cli.Output;

namespace Control.Cli.Access;

/// <summary><c>control login</c>, <c>logout</c> and <c>whoami</c>.</summary>
internal static class LoginCommand
{
    /// <summary>Tokens are far shorter.</summary>
    private const int MaxTokenBytes = 4096;

    public static Command Create(CommandFactory cli)
    {
        var server = new Argument<string>("server") { Description = "The server's address, such as https://control.example.org:7443." };
        var file = new Option<string?>("--token-file") { Description = "Read the access token from this file.", HelpName = "file" };
        var stdin = new Option<bool>("--token-stdin") { Description = "Read the access token from standard input." };
        var fingerprint = new Option<string?>("--fingerprint")
        {
            Description = "SHA-256 of the server's certificate, as the server prints it at start.",
            HelpName = "hex",
        };
        const string Description = "Log in to a server and remember it as the current context.";
        return cli.Action("login", Description, [server, file, stdin, fingerprint], async (call, cancel) =>
        {
            var address = Connection.ParseServer(call.Get(server));
            var token = Inputs.ReadSecret(call, call.Get(file), call.Get(stdin), "Access token", MaxTokenBytes).Trim();
            CheckToken(token);
            var draft = new Connection(address, token, call.Get(fingerprint), call.WorkspaceOption, null);
            var (connection, answer) = await SignInAsync(call, draft, cancel);
            Remember(call, connection);
            call.Output.Value(answer, identity => $"Logged in to {address} as {Texts.Clean(identity.Name)}\n");
            return ExitCodes.Succeeded;
        });
    }

    public static Command CreateLogout(CommandFactory cli) =>
        cli.Action("logout", "Forget a context and its token. The token stays valid: see 'control token revoke'.", [], (call, _) =>
        {
            var config = call.Config.Load();
            var name = call.ContextName ?? config.Current ?? throw new UsageException("There is no current context to log out of.");
            var context = config.Find(name) ?? throw new UsageException($"There is no context '{Texts.Clean(name)}'.");
            call.Config.Save(config.Without(context.Name));
            call.Output.Note($"Forgot context {context.Name}");
            return Task.FromResult(ExitCodes.Succeeded);
        });

    public static Command CreateWhoAmI(CommandFactory cli) =>
        cli.Action("whoami", "Show who you are to the server and what you may do.", [], async (call, cancel) =>
        {
            var answer = await call.Client.WhoAmIAsync(cancel);
            call.Output.Value(answer, identity => new Details()
                .Add("name", identity.Name)
                .Add("token", identity.Id)
                .Add("scopes", string.Join(", ", identity.Scopes))
                .Add("workspaces", identity.Workspaces.IsDefaultOrEmpty ? "all" : string.Join(", ", identity.Workspaces))
                .Add("expires", Texts.Ago(identity.ExpiresAt, call.Now))
                .Add("server", call.Client.Server.ToString())
                .Render(call.Output.Color));
            return ExitCodes.Succeeded;
        });

    private static void CheckToken(string token)
    {
        if (token.Length == 0 || token.Any(c => c is <= ' ' or > '~'))
        {
            throw new UsageException("That is not an access token: it is one word that begins with ctt_.");
        }
    }

    /// <summary>
    /// Asks the server who the token is. A certificate nobody vouches for is refused before the token is sent; a person
    /// may then compare its fingerprint and pin it.
    /// </summary>
    private static async Task<(Connection Used, Answer<Identity> Answer)> SignInAsync(Call call, Connection connection, CancellationToken cancellationToken)
    {
        try
        {
            using var client = connection.Open(call.Services.Time);
            return (connection, await client.WhoAmIAsync(cancellationToken));
        }
        catch (UntrustedCertificateException e) when (e.Expected is null && call.Services.Terminal.CanAsk)
        {
            call.Output.Diagnostic(e.Message);
            call.Output.Diagnostic("Compare it with the one the server printed when it started.");
            if (!Inputs.Confirm(call, "Is it the same, and is this server to be trusted from now on?"))
            {
                throw;
            }

            var pinned = connection with { Fingerprint = e.Presented };
            using var client = pinned.Open(call.Services.Time);
            return (pinned, await client.WhoAmIAsync(cancellationToken));
        }
    }

    private static void Remember(Call call, Connection connection)
    {
        var config = call.Config.Load();
        var name = call.ContextName ?? connection.Server.Authority;
        var workspace = connection.Workspace ?? config.Find(name)?.Workspace;
        call.Config.Save(config.With(new ContextEntry(
            name, connection.Server.GetLeftPart(UriPartial.Path), connection.Token, connection.Fingerprint, workspace)));
    }
}
