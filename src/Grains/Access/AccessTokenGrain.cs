using Control.Grains.Durable;

namespace Control.Grains.Access;

/// <summary>The document of an access token; the secret is known by its hash only.</summary>
internal sealed record AccessTokenDocument(
    string Name,
    ImmutableArray<string> Scopes,
    ImmutableArray<string> Workspaces,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    Actor CreatedBy,
    string SecretHash,
    bool Revoked);

/// <summary>An access token.</summary>
internal sealed class AccessTokenGrain(GrainFacets facets) : DurableGrain<AccessTokenDocument>(facets, SubjectKinds.Token), IAccessTokenGrain
{
    // As many as a list of the gateway can be narrowed to.
    private const int MaxWorkspaces = 100;

    public async Task<Outcome<TokenView>> Create(CreateToken command)
    {
        if (Document is { } known)
        {
            return known.SecretHash == command.SecretHash
                ? View(known)
                : Refusal.Conflict("token-exists", "A token with this id exists already.", known.Revoked ? "revoked" : "active");
        }

        var errors = Check(command).ToImmutableArray();
        if (!errors.IsEmpty)
        {
            return Refusal.BadRequest("bad-token", "The token cannot be made like this.", errors);
        }

        var document = new AccessTokenDocument(
            command.Name, command.Scopes, command.Workspaces, Now, command.ExpiresAt, command.By, command.SecretHash, Revoked: false);
        await Save(document, command.By);
        return View(document);
    }

    public async Task<Outcome<Done>> Revoke(Actor by)
    {
        if (Document is not { Revoked: false } document)
        {
            return Refusal.NotFound("The token");
        }

        await Save(document with { Revoked = true }, by);
        return Done.Instance;
    }

    private IEnumerable<FieldError> Check(CreateToken command)
    {
        if (!ResourceName.IsValid(command.Name))
        {
            yield return new FieldError("name", $"A token's name is {ResourceName.Rule}.");
        }

        if (command.Scopes.IsDefaultOrEmpty || command.Scopes.Any(scope => !Scopes.All.Contains(scope)))
        {
            yield return new FieldError("scopes", $"At least one of {string.Join(", ", Scopes.All)}.");
        }

        if (command.Workspaces.IsDefault || command.Workspaces.Length > MaxWorkspaces)
        {
            yield return new FieldError("workspaces", $"At most {MaxWorkspaces} workspaces; an empty list means all.");
        }
        else if (command.Workspaces.Any(workspace => !ResourceName.IsValid(workspace)))
        {
            yield return new FieldError("workspaces", $"A workspace's name is {ResourceName.Rule}.");
        }

        if (command.ExpiresAt <= Now)
        {
            yield return new FieldError("expiresAt", "The token would be expired already.");
        }
    }

    private Task Save(AccessTokenDocument next, Actor by)
    {
        var view = View(next);
        var index = new SubjectIndex(
            "", "", next.CreatedAt.ToUnixTimeMilliseconds(), next.Revoked ? "revoked" : "active", Terminal: true, Deleted: next.Revoked,
            ContractJson.Write(view), next.SecretHash);
        return CommitAsync(next, index, [Event(EventTypes.ObjectChanged, by, view)]);
    }

    private TokenView View(AccessTokenDocument document) => new(
        this.GetPrimaryKeyString(), document.Name, document.Scopes, document.Workspaces, document.CreatedAt, document.ExpiresAt,
        document.CreatedBy, document.Revoked);
}
