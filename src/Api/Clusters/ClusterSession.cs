using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;

namespace Control.Api.Clusters;

/// <summary>A client with one access to a cluster, and the kinds it serves.</summary>
internal sealed class ClusterSession(long access, KubernetesClient client, TimeProvider time)
{
    // Kinds come and go rarely; one that is asked for and not known is looked for anew, but not by everybody all the time.
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task<ApiCatalog>? _catalog;
    private long _asked;

    /// <summary>The number of the access.</summary>
    public long Access => access;

    /// <summary>Speaks to the cluster.</summary>
    public KubernetesClient Client => client;

    /// <summary>Says until when it may.</summary>
    public SharedClient Use { get; } = new(client);

    /// <summary>What the cluster serves.</summary>
    public Task<ApiCatalog> KindsAsync(CancellationToken cancellationToken) => CatalogAsync(KnownFor, cancellationToken);

    /// <summary>The kind that people call so.</summary>
    /// <exception cref="KubernetesException">404: there is none.</exception>
    public async Task<ApiResource> KindAsync(string name, CancellationToken cancellationToken) =>
        await FindAsync(catalog => catalog.Find(name), cancellationToken)
        ?? throw KubernetesException.NotFound($"The cluster serves no kind '{name}'. See its kinds for what there is.");

    /// <summary>The kind that objects name so; null when it is not served.</summary>
    public Task<ApiResource?> KindAsync(string apiVersion, string kind, CancellationToken cancellationToken) =>
        FindAsync(catalog => catalog.Find(apiVersion, kind), cancellationToken);

    private async Task<ApiResource?> FindAsync(Func<ApiCatalog, ApiResource?> find, CancellationToken cancellationToken) =>
        find(await CatalogAsync(KnownFor, cancellationToken)) ?? find(await CatalogAsync(LookAgain, cancellationToken));

    // All who want to know wait for one question; none of them can end it for the others.
    private Task<ApiCatalog> CatalogAsync(TimeSpan oldest, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_catalog is null || _catalog.IsFaulted || _catalog.IsCanceled || (_catalog.IsCompleted && time.GetElapsedTime(_asked) > oldest))
            {
                _asked = time.GetTimestamp();
                _catalog = client.DiscoverAsync(CancellationToken.None);
            }

            return _catalog.WaitAsync(cancellationToken);
        }
    }
}
