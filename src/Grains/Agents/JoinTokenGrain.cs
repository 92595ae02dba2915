using System.Security.Cryptography;
using System.Text;
using Control.Grains.Durable;

namespace Control.Grains.Agents;

/// <summary>The document of a join token.</summary>
internal sealed record JoinTokenDocument(
    string SecretHash,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    Actor CreatedBy,
    AgentId? RedeemedBy,
    string? CredentialHash);

/// <summary>A one-time token for joining. The redemption is committed before the agent exists, so it is never given twice.</summary>
internal sealed class JoinTokenGrain(GrainFacets facets) : DurableGrain<JoinTokenDocument>(facets, SubjectKinds.JoinToken), IJoinTokenGrain
{
    public async Task<Outcome<JoinTokenView>> Create(CreateJoinToken command)
    {
        if (Document is { } known && known.SecretHash != command.SecretHash)
        {
            return Refusal.Conflict("join-token-exists", "A join token with this id exists already.", "active");
        }

        if (Document is null)
        {
            await Save(new JoinTokenDocument(command.SecretHash, Now, command.ExpiresAt, command.By, null, null), command.By);
        }

        return View(Document!);
    }

    public async Task<Outcome<AgentView>> Redeem(string secretHash, RegisterAgent agent)
    {
        if (Document is not { } document || !SameText(document.SecretHash, secretHash) || IsSpent(document, agent))
        {
            return Refusal.Forbidden("join-token-refused", "The join token is unknown, expired or used. Make a new one.");
        }

        var errors = Check(agent).ToImmutableArray();
        if (!errors.IsEmpty)
        {
            return Refusal.BadRequest("bad-agent", "The agent cannot join like this.", errors);
        }

        var id = document.RedeemedBy ?? NewAgentId(agent.Name);
        if (document.RedeemedBy is null)
        {
            await Save(document with { RedeemedBy = id, CredentialHash = agent.CredentialHash }, document.CreatedBy);
        }

        return await GrainFactory.GetGrain<IAgentGrain>(id.Value).Register(agent with { By = document.CreatedBy });
    }

    private bool IsSpent(JoinTokenDocument document, RegisterAgent agent) => document.RedeemedBy is null
        ? document.ExpiresAt <= Now
        : !SameText(document.CredentialHash!, agent.CredentialHash);

    private static IEnumerable<FieldError> Check(RegisterAgent agent)
    {
        if (!ResourceName.IsValid(agent.Name))
        {
            yield return new FieldError("name", $"An agent's name is {ResourceName.Rule}.");
        }

        if (agent.Labels.IsDefault || agent.Labels.Length > 32 || agent.Labels.Any(label => !ResourceName.IsValid(label)))
        {
            yield return new FieldError("labels", $"Up to 32 labels, each {ResourceName.Rule}.");
        }

        if (agent.Capacity is < 1 or > 256)
        {
            yield return new FieldError("capacity", "An agent runs 1 to 256 jobs at a time.");
        }
    }

    // The name helps people; the random part makes it unique.
    private static AgentId NewAgentId(string name)
    {
        var stem = name.Length > 40 ? name[..40].TrimEnd('-') : name;
        return new AgentId($"{stem}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
    }

    private static bool SameText(string left, string right) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));

    private Task Save(JoinTokenDocument next, Actor by)
    {
        var view = View(next);
        var index = new SubjectIndex(
            "", "", next.CreatedAt.ToUnixTimeMilliseconds(), next.RedeemedBy is null ? "unused" : "used", Terminal: true, Deleted: false,
            ContractJson.Write(view), next.SecretHash);
        return CommitAsync(next, index, [Event(EventTypes.ObjectChanged, by, view)]);
    }

    private JoinTokenView View(JoinTokenDocument document) =>
        new(this.GetPrimaryKeyString(), document.ExpiresAt, document.CreatedBy, document.RedeemedBy);
}
