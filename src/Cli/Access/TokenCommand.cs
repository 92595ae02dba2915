using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Access;

namespace Control.Cli.Access;

/// <summary><c>control token</c>.</summary>
internal static class TokenCommand
{
    public static Command Create(CommandFactory cli) =>
        CommandFactory.Group("token", "Access tokens of people and programs.", List(cli), Make(cli), Revoke(cli));

    private static Command List(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("list", "List the access tokens, never their secrets.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListTokensAsync(page.Query(call), cancel), Tokens(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Make(CommandFactory cli)
    {
        var name = new Argument<string>("name") { Description = "Whose or what for." };
        var scopes = new Option<string[]>("--scope")
        {
            Description = $"What it may do: {string.Join(", ", Scopes.All)}. Repeat for more.",
            HelpName = "scope",
            Required = true,
        };
        var workspaces = new Option<string[]>("--only-workspace") { Description = "The only workspaces it sees. Repeat for more.", HelpName = "name" };
        var expires = new Option<string>("--expires")
        {
            Description = "How long it is good for, in whole days up to 365d.",
            HelpName = "duration",
            DefaultValueFactory = _ => "90d",
        };
        return cli.Action("create", "Make an access token; prints it.", [name, scopes, workspaces, expires], async (call, cancel) =>
        {
            var days = Inputs.Duration(call.Get(expires)!).TotalDays;
            var request = new TokenRequest(
                Call.CheckedName("token", call.Get(name)),
                [.. call.Get(scopes) ?? []],
                [.. call.Get(workspaces) ?? []],
                days == Math.Floor(days) ? (int)days : throw new UsageException("--expires takes whole days, such as 90d."));
            var answer = await call.Client.CreateTokenAsync(request, cancel);
            call.Output.Note($"Shown only now, expires {Texts.Ago(answer.Value.View.ExpiresAt, call.Now)}:");
            call.Output.Value(answer, created => $"{Texts.Clean(created.Token)}\n");
            return ExitCodes.Succeeded;
        });
    }

    private static Command Revoke(CommandFactory cli)
    {
        var id = new Argument<string>("id") { Description = "The token's id, as 'control token list' shows it." };
        return cli.Action("revoke", "Take an access token back.", [id], async (call, cancel) =>
        {
            await call.Client.RevokeTokenAsync(call.Get(id), cancel);
            call.Output.Note($"Revoked token {Texts.Clean(call.Get(id))}");
            return ExitCodes.Succeeded;
        });
    }

    private static Table<TokenView> Tokens(DateTimeOffset now) => new(
        ("ID", view => view.Id),
        ("NAME", view => view.Name),
        ("SCOPES", view => string.Join(",", view.Scopes)),
        ("WORKSPACES", view => view.Workspaces.IsDefaultOrEmpty ? "all" : string.Join(",", view.Workspaces)),
        ("EXPIRES", view => view.Revoked ? new Cell("revoked", Tone.Bad) : Texts.Ago(view.ExpiresAt, now)),
        ("CREATED", view => Texts.Ago(view.CreatedAt, now)),
        ("BY", view => view.CreatedBy.Name));
}
