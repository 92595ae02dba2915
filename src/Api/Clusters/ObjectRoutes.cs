using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Objects;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Clusters;

/// <summary>Which objects, and which part of their list.</summary>
/// <param name="Namespace">Only of this one; all unless told.</param>
/// <param name="Labels">A label selector as kubectl takes it.</param>
/// <param name="Fields">A field selector as kubectl takes it.</param>
/// <param name="Cursor">The last page's <c>nextCursor</c>.</param>
/// <param name="Limit">Objects per page, 1 to 200, 50 unless told.</param>
internal sealed record ObjectQuery(
    [FromQuery(Name = "namespace")] string? Namespace,
    [FromQuery(Name = "labels")] string? Labels,
    [FromQuery(Name = "fields")] string? Fields,
    [FromQuery(Name = "cursor")] string? Cursor,
    [FromQuery(Name = "limit")] string? Limit)
{
    public Kubernetes.Client.ListQuery Page => new()
    {
        Selector = new Selector(Labels ?? "", Fields ?? ""),
        Continue = Cursor ?? "",
        Limit = new Http.ListQuery(null, Limit).Size,
    };
}

/// <summary>How an object is deleted.</summary>
/// <param name="Namespace">Where it is; none for kinds of the whole cluster.</param>
/// <param name="Propagation">What becomes of what it owns: <c>background</c>, <c>foreground</c>, <c>orphan</c>, or what the kind wants.</param>
/// <param name="Uid">Only the object of this uid, not one of the same name after it.</param>
internal sealed record DeleteQuery(
    [FromQuery(Name = "namespace")] string? Namespace, [FromQuery(Name = "propagation")] string? Propagation, [FromQuery(Name = "uid")] string? Uid)
{
    public DeleteOptions Options => new() { Propagation = Read(Propagation), Uid = Uid ?? "" };

    private static Propagation? Read(string? word) => word switch
    {
        null or "" => null,
        "background" => Kubernetes.Client.Propagation.Background,
        "foreground" => Kubernetes.Client.Propagation.Foreground,
        "orphan" => Kubernetes.Client.Propagation.Orphan,
        _ => throw Outcomes.BadRequest(new FieldError("propagation", "Must be background, foreground or orphan.")),
    };
}

/// <summary>Applies objects.</summary>
internal sealed record ApplyRequest(string? Manifest, string? Namespace, bool? DryRun, bool? Force) : IRequestBody
{
    /// <summary>Longest manifest, in characters.</summary>
    public const int MaxManifest = 4 << 20;

    public IEnumerable<FieldError> Check() =>
        (string.IsNullOrWhiteSpace(Manifest) ? [new FieldError("manifest", "Must be YAML or JSON: one object or more, separated by ---.")] : Checks.Text("manifest", Manifest, MaxManifest))
            .Concat(Checks.Text("namespace", Namespace, 253));
}

/// <summary>Routes of the objects in clusters: any kind that the cluster serves.</summary>
internal static class ObjectRoutes
{
    // JSON takes two bytes for an end of line and for a quotation mark.
    private const int LargestApply = 2 * ApplyRequest.MaxManifest;

    public static void Map(IEndpointRouteBuilder api)
    {
        var cluster = api.MapGroup("/clusters/{cluster}").WithTags("Clusters");
        cluster.MapGet("/kinds", Kinds).RequireAuthorization(Policies.ReadAll).Describe("listKinds", "Lists the kinds of objects that a cluster serves");
        cluster.MapPost("/apply", Apply).RequireAuthorization(Policies.Installation).Takes<ApplyRequest>(LargestApply)
            .Describe("applyObjects", "Makes objects what a manifest says, by server-side apply, or tells what that would change");
        var objects = cluster.MapGroup("/objects/{kind}");
        objects.MapGet("", List).RequireAuthorization(Policies.ReadAll).Describe("listObjects", "Lists the objects of a kind as the cluster prints them");
        objects.MapGet("/{object}", Get).RequireAuthorization(Policies.ReadAll)
            .Describe("getObject", "Shows an object; the values of Secrets only to administrators");
        objects.MapDelete("/{object}", Delete).RequireAuthorization(Policies.Installation).Describe("deleteObject", "Deletes an object");
    }

    private static Task<Results<Ok<KindListing>, ProblemResult>> Kinds(string cluster, ClusterSessions sessions, CancellationToken cancellationToken) =>
        sessions.UseAsync(cluster, async session => TypedResults.Ok(KindListing.Of(await session.KindsAsync(cancellationToken))));

    private static Task<Results<Ok<ObjectListing>, ProblemResult>> List(
        string cluster, string kind, [AsParameters] ObjectQuery query, ClusterSessions sessions, CancellationToken cancellationToken)
    {
        var page = query.Page;
        return sessions.UseAsync(cluster, async session =>
        {
            var resource = await session.KindAsync(kind, cancellationToken);
            return TypedResults.Ok(ObjectListing.Of(resource, await session.Client.TableAsync(resource, query.Namespace ?? "", page, cancellationToken)));
        });
    }

    private static Task<Results<FileContentHttpResult, ProblemResult>> Get(
        string cluster, string kind, [FromRoute(Name = "object")] string name, [FromQuery(Name = "namespace")] string? space,
        Caller caller, ClusterSessions sessions, CancellationToken cancellationToken) =>
        sessions.UseAsync(cluster, async session =>
        {
            var resource = await session.KindAsync(kind, cancellationToken);
            var found = await session.Client.GetAsync(resource, Key(resource, space, name), cancellationToken: cancellationToken);
            return TypedResults.Bytes(caller.May(Scopes.Admin) ? found.Json : SecretValues.Hide(found), "application/json");
        });

    private static Task<Results<NoContent, ProblemResult>> Delete(
        string cluster, string kind, [FromRoute(Name = "object")] string name, [AsParameters] DeleteQuery query,
        ClusterSessions sessions, CancellationToken cancellationToken)
    {
        var options = query.Options;
        return sessions.UseAsync(cluster, async session =>
        {
            var resource = await session.KindAsync(kind, cancellationToken);
            await session.Client.DeleteAsync(resource, Key(resource, query.Namespace, name), options, cancellationToken);
            return TypedResults.NoContent();
        });
    }

    private static Task<Results<Ok<ApplyAnswer>, ProblemResult>> Apply(
        string cluster, Body<ApplyRequest> body, ClusterSessions sessions, CancellationToken cancellationToken)
    {
        var manifest = Manifest.Read(body.Value.Manifest!);
        return sessions.UseAsync(cluster, async session =>
        {
            var apply = new ManifestApply(session, body.Value.Namespace ?? "default", body.Value.DryRun == true, body.Value.Force == true);
            return TypedResults.Ok(await apply.RunAsync(manifest, cancellationToken));
        });
    }

    private static ObjectKey Key(ApiResource kind, string? space, string name) => new(kind.IsNamespaced ? space ?? "" : "", name);
}
