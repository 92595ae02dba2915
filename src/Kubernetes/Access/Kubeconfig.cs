using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Control.Kubernetes.Objects;
using Control.Kubernetes.Yaml;

namespace Control.Kubernetes.Access;

/// <summary>
/// A kubeconfig file (kubernetes.io, "kubeconfig (v1)"): which clusters there are and how to be somebody there.
/// </summary>
public sealed class Kubeconfig
{
    private const int LongestText = 1024 * 1024;

    private readonly JsonElement _root;
    private readonly string? _folder;

    private Kubeconfig(JsonElement root, string? folder) => (_root, _folder) = (root, folder);

    /// <summary>The names of its contexts.</summary>
    public ImmutableArray<string> Contexts => [.. _root.Items("contexts").Select(context => context.Text("name")).OfType<string>()];

    /// <summary>The context that is used when none is named; null when it says none.</summary>
    public string? CurrentContext => _root.Text("current-context") is { Length: > 0 } name ? name : null;

    /// <summary>Reads one that somebody sent: it may name neither files nor programs of this machine.</summary>
    /// <exception cref="KubeconfigException">It cannot be read.</exception>
    public static Kubeconfig ParseForeign(string text) => Parse(text, null);

    /// <summary>Reads one of this machine: its files and programs are taken from here.</summary>
    /// <exception cref="KubeconfigException">It cannot be read.</exception>
    /// <exception cref="IOException">There is none.</exception>
    public static Kubeconfig Load(string path) => Parse(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <summary>How to reach the cluster of a context; null for the current one.</summary>
    /// <exception cref="KubeconfigException">It cannot be used; all reasons at once.</exception>
    public ClusterAccess Access(string? context = null)
    {
        var name = context ?? CurrentContext ?? Contexts.FirstOrDefault()
            ?? throw new KubeconfigException(new KubeconfigError("contexts", "There is none. Give a kubeconfig with a context, as 'kubectl config view --minify --flatten --raw' prints it."));
        var reader = new KubeconfigReader(_root, _folder);
        return reader.Read(name);
    }

    private static Kubeconfig Parse(string text, string? folder)
    {
        if (text.Length > LongestText) throw new KubeconfigException(new KubeconfigError("", $"A kubeconfig has up to {LongestText} characters."));
        try
        {
            // Only the first document counts, as for kubectl.
            var root = YamlDocument.ReadAll(text).FirstOrDefault()?.Root;
            using var json = JsonDocument.Parse(Encoding.UTF8.GetBytes(root?.ToJsonString() ?? "null"), new JsonDocumentOptions { MaxDepth = 256 });
            if (json.RootElement.Text("kind") is { } kind && kind != "Config") throw new KubeconfigException(new KubeconfigError("kind", $"This is a {kind}, not a kubeconfig."));
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw new KubeconfigException(new KubeconfigError("", "A kubeconfig is a map with clusters, users and contexts."));
            return new Kubeconfig(json.RootElement.Clone(), folder);
        }
        catch (YamlFault fault)
        {
            throw new KubeconfigException(new KubeconfigError("", fault.Message));
        }
    }
}
