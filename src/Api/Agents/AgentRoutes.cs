using Control.Contracts.Agents;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Agents;

/// <summary>Asks for a join token.</summary>
internal sealed record CreateJoinTokenRequest(int? ExpiresInSeconds) : IRequestBody
{
    /// <summary>An hour, unless told otherwise.</summary>
    public TimeSpan Lifetime => TimeSpan.FromSeconds(ExpiresInSeconds ?? 3600);

    public IEnumerable<FieldError> Check()
    {
        if (ExpiresInSeconds is < 1 or > 24 * 3600)
        {
            yield return new FieldError("expiresInSeconds", "Must be a number from 1 to 86400 (a day).");
        }
    }
}

/// <summary>Routes of agents, for people.</summary>
internal static class AgentRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var agents = api.MapGroup("/agents").WithTags("Agents");
        agents.MapGet("", List).RequireAuthorization(Policies.Read).Describe("listAgents", "Lists the build agents");
        agents.MapGet("/{id}", Get).RequireAuthorization(Policies.Read).Describe("getAgent", "Shows a build agent");
        agents.MapDelete("/{id}", Remove).RequireAuthorization(Policies.Agents)
            .Describe("removeAgent", "Removes a build agent; what it runs is lost");
        agents.MapPost("/join-tokens", CreateJoinToken).RequireAuthorization(Policies.Agents).Repeatable(showsSecret: true)
            .Takes<CreateJoinTokenRequest>().Describe("createJoinToken", "Makes a token that lets one agent join, and shows it this once");
    }

    private static async Task<Ok<Listing<AgentView>>> List(
        [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken) =>
        (await subjects.ListAsync<AgentView>(
            new SubjectFilter(SubjectKinds.Agent), query.Cursor, query.Size, newestFirst: false, cancellationToken)).Show();

    private static async Task<Results<Versioned<AgentView>, ProblemResult>> Get(
        string id, SubjectQueries subjects, CancellationToken cancellationToken) =>
        await subjects.GetAsync<AgentView>(SubjectKinds.Agent, id, cancellationToken) is { } row
            ? new Versioned<AgentView>(row.View, row.Version)
            : new ProblemResult(Problem.NotFound($"Agent {id}"));

    private static async Task<Results<NoContent, ProblemResult>> Remove(
        string id, Caller caller, IGrainFactory grains, Credentials credentials)
    {
        var outcome = await grains.GetGrain<IAgentGrain>(id).Remove(caller.Actor);
        credentials.Forget(SubjectKinds.Agent, id);
        return outcome.To(_ => TypedResults.NoContent());
    }

    private static async Task<Results<Created<CreatedJoinToken>, ProblemResult>> CreateJoinToken(
        Body<CreateJoinTokenRequest> body, Caller caller, IGrainFactory grains, TimeProvider time, IOptions<ApiOptions> options)
    {
        var outcome = await JoinTokens.IssueAsync(grains, time, body.Value.Lifetime, caller.Actor, options.Value.CertificateFingerprint);
        return outcome.To(created => TypedResults.Created((string?)null, created));
    }
}
