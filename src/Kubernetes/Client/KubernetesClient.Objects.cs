using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Client;

// Reading and writing objects.
public sealed partial class KubernetesClient
{
    /// <summary>A page of the objects of a kind, of one namespace or, with an empty one, of all.</summary>
    public async Task<ObjectPage> ListAsync(ApiResource kind, string space, ListQuery query, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{kind.Path(space)}{new QueryText().With(query)}");
        return ObjectPage.Parse(await AskAsync(request, cancellationToken).ConfigureAwait(false), kind.ApiVersion, kind.Kind);
    }

    /// <summary>A page of the objects of a kind as the server prints them, of one namespace or, with an empty one, of all.</summary>
    public async Task<ObjectTable> TableAsync(ApiResource kind, string space, ListQuery query, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{kind.Path(space)}{new QueryText().With(query)}");
        request.Headers.TryAddWithoutValidation("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        return ObjectTable.Parse(await AskAsync(request, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// All pages, one after the other. When the server has forgotten the list's version meanwhile (after five minutes, by default), it fails
    /// with <see cref="KubernetesException.IsExpired"/>, and is to be begun again.
    /// </summary>
    public async IAsyncEnumerable<ObjectPage> ListPagesAsync(
        ApiResource kind, string space, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        do
        {
            var page = await ListAsync(kind, space, query, cancellationToken).ConfigureAwait(false);
            yield return page;
            query = query with { Continue = page.Continue };
        }
        while (query.Continue.Length > 0);
    }

    /// <summary>One object, or a subresource of it.</summary>
    public Task<KubernetesObject> GetAsync(ApiResource kind, ObjectKey key, string subresource = "", CancellationToken cancellationToken = default) =>
        AskForObjectAsync(HttpMethod.Get, kind.Path(key.Namespace, Named(key), subresource), null, cancellationToken);

    /// <summary>Creates an object.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="space">Its namespace; empty for kinds that have none.</param>
    /// <param name="json">The object.</param>
    /// <param name="options">What to say beside it; null for nothing special.</param>
    /// <param name="cancellationToken">Ends waiting; what was sent may be done.</param>
    /// <returns>The object as it was stored.</returns>
    public Task<KubernetesObject> CreateAsync(ApiResource kind, string space, ReadOnlyMemory<byte> json, WriteOptions? options = null, CancellationToken cancellationToken = default) =>
        AskForObjectAsync(HttpMethod.Post, $"{kind.Path(space)}{new QueryText().With(options ?? new WriteOptions())}", Content(json, Json), cancellationToken);

    /// <summary>Creates a subresource, such as an eviction or a token request.</summary>
    /// <returns>What the server answered, of whichever kind.</returns>
    public Task<KubernetesObject> CreateAsync(
        ApiResource kind, ObjectKey key, string subresource, ReadOnlyMemory<byte> json, WriteOptions? options = null, CancellationToken cancellationToken = default) =>
        AskForObjectAsync(HttpMethod.Post, $"{kind.Path(key.Namespace, Named(key), subresource)}{new QueryText().With(options ?? new WriteOptions())}", Content(json, Json), cancellationToken);

    /// <summary>Replaces an object; with a resourceVersion in it, only if it is still that one.</summary>
    /// <returns>The object as it was stored.</returns>
    public Task<KubernetesObject> ReplaceAsync(
        ApiResource kind, ObjectKey key, ReadOnlyMemory<byte> json, WriteOptions? options = null, string subresource = "", CancellationToken cancellationToken = default) =>
        AskForObjectAsync(HttpMethod.Put, $"{kind.Path(key.Namespace, Named(key), subresource)}{new QueryText().With(options ?? new WriteOptions())}", Content(json, Json), cancellationToken);

    /// <summary>Changes part of an object.</summary>
    /// <returns>The object as it was stored.</returns>
    public Task<KubernetesObject> PatchAsync(
        ApiResource kind, ObjectKey key, PatchType type, ReadOnlyMemory<byte> patch, WriteOptions? options = null, string subresource = "", CancellationToken cancellationToken = default) =>
        PatchAsync(kind, key, MediaType(type), patch, options ?? new WriteOptions(), subresource, cancellationToken);

    /// <summary>
    /// Server-side apply: the object becomes what is said here, as far as it is said; fields that were said before and no longer are, go.
    /// </summary>
    /// <returns>The object as it was stored.</returns>
    /// <exception cref="KubernetesException">Among others with <see cref="KubernetesException.ApplyConflicts"/>.</exception>
    public Task<KubernetesObject> ApplyAsync(
        ApiResource kind, ObjectKey key, ReadOnlyMemory<byte> json, WriteOptions? options = null, string subresource = "", CancellationToken cancellationToken = default) =>
        PatchAsync(kind, key, "application/apply-patch+yaml", json, options ?? new WriteOptions(), subresource, cancellationToken);

    /// <summary>Deletes an object.</summary>
    /// <returns>The object while it is still going, or a Status once it is gone.</returns>
    public Task<KubernetesObject> DeleteAsync(ApiResource kind, ObjectKey key, DeleteOptions? options = null, CancellationToken cancellationToken = default) =>
        AskForObjectAsync(
            HttpMethod.Delete,
            kind.Path(key.Namespace, Named(key)),
            Content(Encoding.UTF8.GetBytes((options ?? new DeleteOptions()).ToJson().ToJsonString()), Json),
            cancellationToken);

    private Task<KubernetesObject> PatchAsync(
        ApiResource kind, ObjectKey key, string mediaType, ReadOnlyMemory<byte> patch, WriteOptions options, string subresource, CancellationToken cancellationToken) =>
        AskForObjectAsync(
            HttpMethod.Patch,
            $"{kind.Path(key.Namespace, Named(key), subresource)}{new QueryText().With(options).With("force", options.Force)}",
            Content(patch, new MediaTypeHeaderValue(mediaType)),
            cancellationToken);

    private static string MediaType(PatchType type) => type switch
    {
        PatchType.Json => "application/json-patch+json",
        PatchType.Merge => "application/merge-patch+json",
        PatchType.StrategicMerge => "application/strategic-merge-patch+json",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    // Without its name the path would be that of all objects of the kind.
    private static string Named(ObjectKey key) => key.Name.Length > 0 ? key.Name : throw KubernetesException.BadRequest("The object has no name.");

    private static ReadOnlyMemoryContent Content(ReadOnlyMemory<byte> body, MediaTypeHeaderValue type)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = type;
        return content;
    }
}
