using Control.Contracts.Clusters;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Control.Storage.Secrets;

namespace Control.Api.Clusters;

/// <summary>Adds a cluster.</summary>
internal sealed record CreateClusterRequest(string? Name, string? Description, string? Kubeconfig, string? Context) : IRequestBody
{
    public IEnumerable<FieldError> Check() => Checks.Name("name", Name)
        .Concat(Checks.Text("description", Description, ClusterRoutes.MaxDescription))
        .Concat(ClusterTargets.Check(Kubeconfig, Context));

    /// <summary>The record's own text would show the credential.</summary>
    public override string ToString() => nameof(CreateClusterRequest);
}

/// <summary>Changes a cluster.</summary>
internal sealed record UpdateClusterRequest(string? Description) : IRequestBody
{
    public IEnumerable<FieldError> Check() => Checks.Text("description", Description, ClusterRoutes.MaxDescription);
}

/// <summary>Reaches a cluster in another way.</summary>
internal sealed record PutClusterAccessRequest(string? Kubeconfig, string? Context) : IRequestBody
{
    public IEnumerable<FieldError> Check() => ClusterTargets.Check(Kubeconfig, Context);

    /// <summary>The record's own text would show the credential.</summary>
    public override string ToString() => nameof(PutClusterAccessRequest);
}

/// <summary>Routes of clusters. Credentials go in and never come out.</summary>
internal static class ClusterRoutes
{
    /// <summary>Longest description, in characters.</summary>
    public const int MaxDescription = 1_000;

    public static void Map(IEndpointRouteBuilder api)
    {
        var all = api.MapGroup("/clusters").WithTags("Clusters");
        all.MapGet("", List).RequireAuthorization(Policies.ReadAll).Describe("listClusters", "Lists the Kubernetes clusters");
        all.MapPost("", Create).RequireAuthorization(Policies.Installation).Repeatable().Takes<CreateClusterRequest>()
            .Describe("createCluster", "Adds a Kubernetes cluster by a kubeconfig");
        var one = all.MapGroup("/{cluster}");
        one.MapGet("", Get).RequireAuthorization(Policies.ReadAll).Describe("getCluster", "Shows a cluster");
        one.MapPut("", Update).RequireAuthorization(Policies.Installation).Takes<UpdateClusterRequest>()
            .Describe("updateCluster", "Changes a cluster's description");
        one.MapPut("/access", PutAccess).RequireAuthorization(Policies.Installation).Takes<PutClusterAccessRequest>()
            .Describe("putClusterAccess", "Reaches a cluster by another kubeconfig from now on, such as one with a new credential");
        one.MapPost("/check", Check).RequireAuthorization(Policies.Installation).Repeatable().Describe("checkCluster", "Asks a cluster now, and shows it after its answer");
        one.MapDelete("", Delete).RequireAuthorization(Policies.Installation)
            .Describe("deleteCluster", "Forgets a cluster and its credential; nothing in the cluster changes");
    }

    private static async Task<Ok<Listing<ClusterView>>> List(
        [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken) =>
        (await subjects.ListAsync<ClusterView>(
            new SubjectFilter(SubjectKinds.Cluster), query.Cursor, query.Size, newestFirst: false, cancellationToken)).Show();

    private static async Task<Results<Created<ClusterView>, ProblemResult>> Create(
        Body<CreateClusterRequest> body, Caller caller, SecretBox box, IGrainFactory grains)
    {
        var name = body.Value.Name!;
        var target = ClusterTargets.Read(box, name, body.Value.Kubeconfig!, body.Value.Context);
        var outcome = await grains.GetGrain<IClusterGrain>(name).Create(new CreateCluster(body.Value.Description ?? "", target, caller.Actor));
        return outcome.To(view => TypedResults.Created($"{ControlApi.Base}/clusters/{name}", view));
    }

    private static async Task<Results<Versioned<ClusterView>, ProblemResult>> Get(
        string cluster, SubjectQueries subjects, CancellationToken cancellationToken) =>
        await subjects.GetAsync<ClusterView>(SubjectKinds.Cluster, cluster, cancellationToken) is { } row
            ? new Versioned<ClusterView>(row.View, row.View.Version)
            : new ProblemResult(Problem.NotFound($"Cluster {cluster}"));

    private static Task<Results<Versioned<ClusterView>, ProblemResult>> Update(
        string cluster, Body<UpdateClusterRequest> body, HttpRequest request, Caller caller, IGrainFactory grains) =>
        Show(grains.GetGrain<IClusterGrain>(cluster).Update(new UpdateCluster(body.Value.Description ?? "", ETags.IfMatch(request), caller.Actor)));

    private static Task<Results<Versioned<ClusterView>, ProblemResult>> PutAccess(
        string cluster, Body<PutClusterAccessRequest> body, Caller caller, SecretBox box, IGrainFactory grains) =>
        Show(grains.GetGrain<IClusterGrain>(cluster).ReplaceAccess(
            new ReplaceClusterAccess(ClusterTargets.Read(box, cluster, body.Value.Kubeconfig!, body.Value.Context), caller.Actor)));

    private static Task<Results<Versioned<ClusterView>, ProblemResult>> Check(string cluster, IGrainFactory grains) =>
        Show(grains.GetGrain<IClusterGrain>(cluster).Check());

    private static async Task<Results<NoContent, ProblemResult>> Delete(string cluster, Caller caller, IGrainFactory grains) =>
        (await grains.GetGrain<IClusterGrain>(cluster).Delete(caller.Actor)).To(_ => TypedResults.NoContent());

    private static async Task<Results<Versioned<ClusterView>, ProblemResult>> Show(Task<Outcome<ClusterView>> outcome) =>
        (await outcome).To(view => new Versioned<ClusterView>(view, view.Version));
}
