using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Access;

/// <summary>Makes an access of one context, and collects all that is wrong with it.</summary>
/// <param name="root">The whole kubeconfig.</param>
/// <param name="folder">Where its relative paths begin; null when it may name no files and programs.</param>
internal sealed class KubeconfigReader(JsonElement root, string? folder)
{
    private readonly ImmutableArray<KubeconfigError>.Builder _errors = ImmutableArray.CreateBuilder<KubeconfigError>();

    public ClusterAccess Read(string contextName)
    {
        var (context, at) = Find("contexts", "context", contextName, "current-context");
        ThrowIfWrong();
        var (cluster, clusterAt) = Find("clusters", "cluster", context.Text("cluster") ?? "", $"{at}.cluster");
        var user = context.Text("user") is { Length: > 0 } userName ? Find("users", "user", userName, $"{at}.user") : default;
        ThrowIfWrong();
        var access = ReadCluster(cluster, clusterAt) with
        {
            Namespace = context.Text("namespace") is { Length: > 0 } space ? space : "default",
            Certificate = ReadCertificate(user.Json, user.At),
            Credential = ReadCredential(user.Json, user.At),
            Impersonation = ReadImpersonation(user.Json, user.At),
        };
        ThrowIfWrong();
        return access;
    }

    private (JsonElement Json, string At) Find(string list, string key, string name, string at)
    {
        var index = 0;
        foreach (var item in root.Items(list))
        {
            if (item.Text("name") == name) return (item.Child(key), $"{list}[{index}].{key}");
            index++;
        }

        Wrong(at, $"There is no {key} '{name}' in {list}.");
        return (default, $"{list}[{name}].{key}");
    }

    private ClusterAccess ReadCluster(JsonElement cluster, string at)
    {
        var server = cluster.Text("server") ?? "";
        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.UserInfo.Length > 0 || uri.Query.Length > 0)
        {
            Wrong($"{at}.server", "It needs the API server's address, such as https://10.0.0.1:6443.");
        }

        var authority = Pem(cluster, at, "certificate-authority");
        if (authority.Length > 0) Check($"{at}.certificate-authority-data", "It needs certificates in PEM.", () => new X509Certificate2Collection().ImportFromPem(authority));
        return new ClusterAccess
        {
            Server = uri ?? new Uri("https://invalid"),
            CertificateAuthority = authority,
            InsecureSkipTlsVerify = cluster.Flag("insecure-skip-tls-verify"),
            TlsServerName = cluster.Text("tls-server-name") is { Length: > 0 } name ? name : null,
            Proxy = ReadProxy(cluster, at),
            Compresses = !cluster.Flag("disable-compression"),
        };
    }

    private Uri? ReadProxy(JsonElement cluster, string at)
    {
        if (cluster.Text("proxy-url") is not { Length: > 0 } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy.Scheme is "http" or "https" or "socks5") return proxy;
        Wrong($"{at}.proxy-url", "It needs the address of a proxy, such as http://10.0.0.1:3128 or socks5://10.0.0.1:1080.");
        return null;
    }

    private ClientCertificate? ReadCertificate(JsonElement user, string at)
    {
        var (certificate, key) = (Pem(user, at, "client-certificate"), Pem(user, at, "client-key"));
        if (certificate.Length == 0 && key.Length == 0) return null;
        Check($"{at}.client-certificate-data", "It needs a certificate in PEM, and client-key-data its key.", () => X509Certificate2.CreateFromPem(certificate, key).Dispose());
        return new ClientCertificate(certificate, key);
    }

    // In the order in which kubectl prefers them.
    private Credential ReadCredential(JsonElement user, string at)
    {
        if (user.Child("auth-provider").ValueKind == JsonValueKind.Object)
        {
            Wrong($"{at}.auth-provider", "Kubernetes has removed these. Use a token, or an exec plugin.");
        }

        foreach (var key in (string[])["token", "username", "password"])
        {
            if (user.Child(key).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.String)) Wrong($"{at}.{key}", "It needs text. Put it in quotes.");
        }

        if (user.Text("token") is { Length: > 0 } token) return new Credential.Token(token);
        if (user.Text("tokenFile") is { Length: > 0 } file) return OnThisMachine($"{at}.tokenFile", "token") ? new Credential.TokenFile(Resolve(file)) : Credential.None;
        if (user.Text("username") is { Length: > 0 } name) return new Credential.Basic(name, user.Text("password") ?? "");
        return user.Child("exec") is { ValueKind: JsonValueKind.Object } exec ? ReadPlugin(exec, $"{at}.exec") : Credential.None;
    }

    private Credential ReadPlugin(JsonElement exec, string at)
    {
        if (!OnThisMachine(at, "token")) return Credential.None;
        var command = exec.Text("command") ?? "";
        if (command.Length == 0) Wrong($"{at}.command", "It needs a program.");
        var version = exec.Text("apiVersion") ?? "";
        if (version is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
        {
            Wrong($"{at}.apiVersion", "It needs client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1.");
        }

        if (exec.Text("interactiveMode") == "Always") Wrong($"{at}.interactiveMode", "Nobody is here to be asked. It needs IfAvailable or Never.");
        return new Credential.Plugin(
            command.Contains('/', StringComparison.Ordinal) ? Resolve(command) : command,
            [.. exec.Texts("args")],
            [.. exec.Items("env").Select(variable => KeyValuePair.Create(variable.Text("name") ?? "", variable.Text("value") ?? ""))],
            version,
            exec.Flag("provideClusterInfo"),
            exec.Text("installHint") ?? "");
    }

    private Impersonation? ReadImpersonation(JsonElement user, string at)
    {
        var other = new Impersonation(
            user.Text("as") ?? "",
            user.Text("as-uid"),
            [.. user.Texts("as-groups")],
            [.. user.Child("as-user-extra") is { ValueKind: JsonValueKind.Object } extra
                ? extra.EnumerateObject().SelectMany(entry => extra.Texts(entry.Name).Select(value => KeyValuePair.Create(entry.Name, value)))
                : []]);
        string?[] values = [other.User, other.Uid, .. other.Groups, .. other.Extra.Select(one => one.Key), .. other.Extra.Select(one => one.Value)];
        if (values.Any(value => value?.Any(char.IsControl) == true)) Wrong($"{at}.as", "Whom to be is written without control characters.");
        if (other.User.Length > 0) return other;
        // Left out, one would be oneself, with all rights.
        if (other.Uid is not null || other.Groups.Length > 0 || other.Extra.Length > 0) Wrong($"{at}.as", "It needs a name where as-uid, as-groups or as-user-extra stand.");
        return null;
    }

    // Data inside beats a file beside it, as for kubectl.
    private string Pem(JsonElement owner, string at, string key)
    {
        if (owner.Text($"{key}-data") is { Length: > 0 } data)
        {
            var bytes = new byte[data.Length];
            if (Convert.TryFromBase64String(data, bytes, out var length)) return Encoding.UTF8.GetString(bytes, 0, length);
            Wrong($"{at}.{key}-data", "It needs base64.");
            return "";
        }

        if (owner.Text(key) is not { Length: > 0 } file || !OnThisMachine($"{at}.{key}", $"{key}-data")) return "";
        try
        {
            return File.ReadAllText(Resolve(file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Wrong($"{at}.{key}", $"{Resolve(file)} cannot be read: {fault.Message}");
            return "";
        }
    }

    private bool OnThisMachine(string at, string instead)
    {
        if (folder is not null) return true;
        Wrong(at, $"Files and programs of your machine are not here. Use {instead}; 'kubectl config view --minify --flatten --raw' puts files into the kubeconfig.");
        return false;
    }

    private string Resolve(string path) => Path.GetFullPath(path, folder!);

    private void Check(string at, string cure, Action read)
    {
        try
        {
            read();
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            Wrong(at, cure);
        }
    }

    private void Wrong(string at, string message) => _errors.Add(new KubeconfigError(at, message));

    private void ThrowIfWrong()
    {
        if (_errors.Count > 0) throw new KubeconfigException(_errors.ToImmutable());
    }
}
