namespace Control.Kubernetes.Access;

/// <summary>The access that a pod's service account gives (kubernetes.io, "Accessing the Kubernetes API from a Pod").</summary>
public static class InCluster
{
    private const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Reads it.</summary>
    /// <returns>Null outside of a pod, or in one without a service account's token.</returns>
    public static ClusterAccess? Load() => Load(Environment.GetEnvironmentVariable, Folder);

    internal static ClusterAccess? Load(Func<string, string?> variable, string folder)
    {
        var (host, port, token) = (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"), Path.Combine(folder, "token"));
        if (string.IsNullOrEmpty(host) || !int.TryParse(port, out var number) || !File.Exists(token)) return null;
        var space = Path.Combine(folder, "namespace");
        return new ClusterAccess
        {
            Server = new UriBuilder(Uri.UriSchemeHttps, host, number).Uri,
            CertificateAuthority = File.ReadAllText(Path.Combine(folder, "ca.crt")),
            Namespace = File.Exists(space) ? File.ReadAllText(space).Trim() : "default",
            Credential = new Credential.TokenFile(token),
        };
    }
}
