using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Control.Kubernetes.Errors;

namespace Control.Kubernetes.Objects;

/// <summary>
/// A page of a list as kubectl prints it: the server knows the columns of every kind (<c>meta.k8s.io/v1 Table</c>), so that nobody
/// else has to.
/// </summary>
/// <param name="Columns">What the cells of each row are.</param>
/// <param name="Rows">In the server's order: by namespace and name.</param>
/// <param name="Continue">Asks for the next page; empty on the last one.</param>
/// <param name="Remaining">How many come after this page; null when the server does not say, as with selectors.</param>
public sealed record ObjectTable(ImmutableArray<TableColumn> Columns, ImmutableArray<TableRow> Rows, string Continue, long? Remaining)
{
    private static readonly ImmutableArray<TableColumn> NameOnly = [new("Name", "string", IsWide: false)];

    internal static ObjectTable Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw KubernetesException.Unreachable($"The API server's table cannot be read: {fault.Message}", fault);
        }
    }

    // Servers of aggregated APIs may know no tables and answer with the list.
    private static ObjectTable Read(JsonElement root)
    {
        var isTable = root.Text("kind") == "Table";
        // Whatever else it is: taken for an empty page, it would say that everything is gone.
        if (!isTable && root.Child("items").ValueKind is not (JsonValueKind.Array or JsonValueKind.Null)) throw new JsonException("it has neither rows nor items");
        var metadata = root.Child("metadata");
        return new ObjectTable(
            isTable ? [.. root.Items("columnDefinitions").Select(Column)] : NameOnly,
            isTable ? [.. root.Items("rows").Select(row => Row(row.Child("object"), row.Items("cells")))] : [.. root.Items("items").Select(item => Row(item, []))],
            metadata.Text("continue") ?? "",
            metadata.Child("remainingItemCount") is { ValueKind: JsonValueKind.Number } count && count.TryGetInt64(out var remaining) ? remaining : null);
    }

    private static TableColumn Column(JsonElement column) => new(
        column.Text("name") ?? "",
        column.Text("type") ?? "string",
        column.Child("priority") is { ValueKind: JsonValueKind.Number } priority && priority.TryGetInt32(out var number) && number > 0);

    private static TableRow Row(JsonElement owner, IEnumerable<JsonElement> cells)
    {
        var metadata = owner.Child("metadata");
        var name = metadata.Text("name") ?? "";
        ImmutableArray<JsonElement> shown = [.. cells.Select(cell => cell.Clone())];
        return new TableRow(
            new ObjectKey(metadata.Text("namespace") ?? "", name),
            metadata.Text("uid") ?? "",
            DateTimeOffset.TryParse(metadata.Text("creationTimestamp"), CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? at : null,
            shown.IsEmpty ? [JsonSerializer.SerializeToElement(name)] : shown);
    }
}

/// <summary>A column of an <see cref="ObjectTable"/>.</summary>
/// <param name="Name">Its title, such as <c>Ready</c>.</param>
/// <param name="Type">Of its cells, as OpenAPI names types.</param>
/// <param name="IsWide">True for what is shown only to those who ask for more (<c>-o wide</c>).</param>
public sealed record TableColumn(string Name, string Type, bool IsWide);

/// <summary>A row of an <see cref="ObjectTable"/>.</summary>
/// <param name="Key">Which object it tells of.</param>
/// <param name="Uid">Differs between an object and one of the same name after it.</param>
/// <param name="CreatedAt">When it was created; null when it does not say.</param>
/// <param name="Cells">One for each column.</param>
public sealed record TableRow(ObjectKey Key, string Uid, DateTimeOffset? CreatedAt, ImmutableArray<JsonElement> Cells);
