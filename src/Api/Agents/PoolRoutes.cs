using Control.Contracts.Agents;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Agents;

/// <summary>Routes of pools: the jobs that demand the same labels. A pool is named by its labels, joined by commas, or <c>*</c> for none.</summary>
internal static class PoolRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var pools = api.MapGroup("/pools").WithTags("Agents");
        pools.MapGet("", List).RequireAuthorization(Policies.Read).Describe("listPools", "Lists the pools that are held");
        pools.MapPut("/{pool}/hold", Hold).RequireAuthorization(Policies.Agents).Takes<HoldRequest>()
            .Describe("holdPool", "Gives no job with exactly these labels to an agent until the pool is resumed; what runs goes on");
        pools.MapDelete("/{pool}/hold", Resume).RequireAuthorization(Policies.Agents).Describe("resumePool", "Gives a pool's jobs to agents again");
    }

    private static async Task<Ok<Listing<PoolView>>> List(
        [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken) =>
        (await subjects.ListAsync<PoolView>(new SubjectFilter(SubjectKinds.Pool), query.Cursor, query.Size, newestFirst: false, cancellationToken)).Show();

    private static Task<Results<Versioned<PoolView>, ProblemResult>> Hold(string pool, Body<HoldRequest> body, Caller caller, IGrainFactory grains) =>
        Set(pool, new SetHold(true, body.Value.Reason ?? "", caller.Actor), grains);

    private static Task<Results<Versioned<PoolView>, ProblemResult>> Resume(string pool, Caller caller, IGrainFactory grains) =>
        Set(pool, new SetHold(false, "", caller.Actor), grains);

    private static async Task<Results<Versioned<PoolView>, ProblemResult>> Set(string pool, SetHold command, IGrainFactory grains)
    {
        var labels = pool == "*" ? [] : pool.Split(',');
        if (labels.Length > 32 || !labels.All(label => ResourceName.IsValid(label)))
        {
            return new ProblemResult(Problem.NotFound($"A pool '{pool}'"));
        }

        // However they are ordered, the labels name the same pool.
        var key = PoolKey.Of(labels);
        return (await grains.GetGrain<IPoolGrain>(key.Value).Hold(command)).To(view => new Versioned<PoolView>(view, view.Version));
    }
}
