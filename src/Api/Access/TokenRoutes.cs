using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Access;

/// <summary>Asks for an access token.</summary>
internal sealed record CreateTokenRequest(
    string? Name, ImmutableArray<string>? Scopes, ImmutableArray<string>? Workspaces, int? ExpiresInDays) : IRequestBody
{
    public IEnumerable<FieldError> Check()
    {
        foreach (var error in Checks.Name("name", Name))
        {
            yield return error;
        }

        if (Scopes is not { IsDefaultOrEmpty: false } scopes || scopes.Any(s => !Contracts.Access.Scopes.All.Contains(s)))
        {
            yield return new FieldError("scopes", $"Must be one or more of {string.Join(", ", Contracts.Access.Scopes.All)}.");
        }

        if (Workspaces is { } workspaces && (workspaces.Length > 100 || workspaces.Any(w => !ResourceName.IsValid(w))))
        {
            yield return new FieldError("workspaces", "Must be at most 100 names of workspaces; leave it out for all.");
        }

        if (ExpiresInDays is null or < 1 or > 365)
        {
            yield return new FieldError("expiresInDays", "Must be a number from 1 to 365.");
        }
    }
}

/// <summary>A new token: the one answer that shows its secret.</summary>
/// <param name="Token">What to send as the bearer.</param>
/// <param name="View">What lists show of it.</param>
internal sealed record CreatedToken(string Token, TokenView View)
{
    /// <summary>The record's own text would show the token.</summary>
    public override string ToString() => nameof(CreatedToken);
}

/// <summary>Who the caller is.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Name">The token's name.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="Workspaces">The only workspaces it sees; empty means all.</param>
/// <param name="ExpiresAt">When it ends.</param>
internal sealed record WhoAmI(string Id, string Name, ImmutableArray<string> Scopes, ImmutableArray<string> Workspaces, DateTimeOffset ExpiresAt);

/// <summary>Routes of access tokens.</summary>
internal static class TokenRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/whoami", Who).RequireAuthorization(Policies.AnyToken).WithTags("Access").Describe("whoAmI", "Shows what the token may do");
        var tokens = api.MapGroup("/tokens").WithTags("Access").RequireAuthorization(Policies.Installation);
        tokens.MapGet("", List).Describe("listTokens", "Lists the access tokens, newest first");
        tokens.MapPost("", Create).Repeatable(showsSecret: true).Takes<CreateTokenRequest>()
            .Describe("createToken", "Makes an access token and shows it this once");
        tokens.MapDelete("/{id}", Revoke).Describe("revokeToken", "Takes an access token back");
    }

    private static Ok<WhoAmI> Who(Caller caller) =>
        TypedResults.Ok(new WhoAmI(caller.Actor.Id, caller.Actor.Name, caller.Scopes, caller.Workspaces, caller.ExpiresAt));

    private static async Task<Ok<Listing<TokenView>>> List(
        [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken) =>
        (await subjects.ListAsync<TokenView>(
            new SubjectFilter(SubjectKinds.Token), query.Cursor, query.Size, newestFirst: true, cancellationToken)).Show();

    private static async Task<Results<Created<CreatedToken>, ProblemResult>> Create(
        Body<CreateTokenRequest> body, Caller caller, IGrainFactory grains, TimeProvider time)
    {
        var (id, secret, asked) = (BearerTokens.NewId(), BearerTokens.NewSecret(), body.Value);
        var expires = time.GetUtcNow().AddDays(asked.ExpiresInDays!.Value);
        var command = new CreateToken(asked.Name!, asked.Scopes!.Value, asked.Workspaces ?? [], expires, BearerTokens.Hash(secret), caller.Actor);
        var outcome = await grains.GetGrain<IAccessTokenGrain>(id).Create(command);
        return outcome.To(view => TypedResults.Created(
            $"{ControlApi.Base}/tokens/{id}", new CreatedToken($"{BearerTokens.TokenPrefix}{id}.{secret}", view)));
    }

    private static async Task<Results<NoContent, ProblemResult>> Revoke(
        string id, Caller caller, IGrainFactory grains, Credentials credentials)
    {
        var outcome = await grains.GetGrain<IAccessTokenGrain>(id).Revoke(caller.Actor);
        credentials.Forget(SubjectKinds.Token, id);
        return outcome.To(_ => TypedResults.NoContent());
    }
}
