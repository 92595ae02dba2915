using Control.Contracts.Agents;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Agents;

/// <summary>Redeems join tokens.</summary>
internal sealed class JoinDesk(SubjectQueries subjects, IGrainFactory grains)
{
    private static readonly Problem Refused = Problem.Of(
        StatusCodes.Status401Unauthorized,
        "bad-join-token",
        "The join token is wrong, expired or used. Make a new one with POST /api/v1/agents/join-tokens or 'control agent token'.");

    /// <summary>Makes the agent. Guessed tokens wake no grain: the hash is compared here first, and by the grain again.</summary>
    public async Task<Results<Ok<JoinResponse>, ProblemResult>> JoinAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        var row = await subjects.GetCredentialAsync(SubjectKinds.JoinToken, request.TokenId, cancellationToken);
        if (row is not { Deleted: false, SecretHash: { } hash } || !BearerTokens.Matches(request.TokenSecret, hash))
        {
            return new ProblemResult(Refused);
        }

        var command = new RegisterAgent(
            request.Name,
            request.Labels,
            request.Capacity,
            BearerTokens.Hash(request.CredentialSecret),
            request.SoftwareVersion,
            ContractJson.Read<JoinTokenView>(row.View).CreatedBy);
        var outcome = await grains.GetGrain<IJoinTokenGrain>(request.TokenId).Redeem(hash, command);
        return outcome.To(agent => TypedResults.Ok(new JoinResponse(agent.Id)));
    }
}
