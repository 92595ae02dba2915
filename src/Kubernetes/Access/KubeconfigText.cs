using System.Text;
using System.Text.Json.Nodes;

namespace Control.Kubernetes.Access;

/// <summary>Writes an access as a kubeconfig of one context, with all its data inside.</summary>
public static class KubeconfigText
{
    private const string Name = "control";

    /// <summary>The kubeconfig; secret, as it has the credential.</summary>
    /// <exception cref="ArgumentException">The credential is a file or a program of this machine.</exception>
    public static string Write(ClusterAccess access) => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Config",
        ["clusters"] = new JsonArray(new JsonObject { ["name"] = Name, ["cluster"] = Cluster(access) }),
        ["users"] = new JsonArray(new JsonObject { ["name"] = Name, ["user"] = User(access) }),
        ["contexts"] = new JsonArray(new JsonObject
        {
            ["name"] = Name,
            ["context"] = new JsonObject { ["cluster"] = Name, ["user"] = Name, ["namespace"] = access.Namespace },
        }),
        ["current-context"] = Name,
    }.ToJsonString();

    private static JsonObject Cluster(ClusterAccess access)
    {
        var cluster = new JsonObject { ["server"] = access.Server.OriginalString };
        if (access.CertificateAuthority.Length > 0) cluster["certificate-authority-data"] = Base64(access.CertificateAuthority);
        if (access.InsecureSkipTlsVerify) cluster["insecure-skip-tls-verify"] = true;
        if (access.TlsServerName is not null) cluster["tls-server-name"] = access.TlsServerName;
        if (access.Proxy is not null) cluster["proxy-url"] = access.Proxy.OriginalString;
        if (!access.Compresses) cluster["disable-compression"] = true;
        return cluster;
    }

    private static JsonObject User(ClusterAccess access)
    {
        var user = new JsonObject();
        if (access.Certificate is { } own) (user["client-certificate-data"], user["client-key-data"]) = (Base64(own.Certificate), Base64(own.Key));
        switch (access.Credential)
        {
            case Credential.Token token:
                user["token"] = token.Value;
                break;
            case Credential.Basic basic:
                (user["username"], user["password"]) = (basic.User, basic.Password);
                break;
            case Credential.Nobody:
                break;
            default:
                throw new ArgumentException("A credential that is a file or a program of one machine cannot be written down.", nameof(access));
        }

        if (access.Impersonation is not { } other) return user;
        user["as"] = other.User;
        if (other.Uid is not null) user["as-uid"] = other.Uid;
        user["as-groups"] = new JsonArray([.. other.Groups.Select(group => JsonValue.Create(group))]);
        user["as-user-extra"] = new JsonObject(other.Extra.GroupBy(extra => extra.Key)
            .Select(extra => KeyValuePair.Create(extra.Key, (JsonNode?)new JsonArray([.. extra.Select(value => JsonValue.Create(value.Value))]))));
        return user;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
