using System.Text;

namespace Control.Kubernetes.Client;

/// <summary>Writes a path's query; what is empty is left out.</summary>
internal struct QueryText()
{
    private readonly StringBuilder _text = new();

    public readonly QueryText With(string name, string value)
    {
        if (value.Length > 0) _text.Append(_text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        return this;
    }

    public readonly QueryText With(string name, bool value) => With(name, value ? "true" : "");

    public readonly QueryText With(Selector selector) => With("labelSelector", selector.Labels).With("fieldSelector", selector.Fields);

    public readonly QueryText With(ListQuery query) => With(query.Selector)
        .With("limit", query.Limit > 0 ? $"{query.Limit}" : "")
        .With("continue", query.Continue)
        .With("resourceVersion", query.ResourceVersion);

    public readonly QueryText With(WriteOptions options) => With("fieldManager", options.FieldManager)
        .With("dryRun", options.IsDryRun ? "All" : "")
        .With("fieldValidation", options.IsStrict ? "Strict" : "");

    public readonly override string ToString() => _text.ToString();
}
