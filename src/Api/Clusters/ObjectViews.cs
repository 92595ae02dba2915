using System.Text.Json;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Objects;

namespace Control.Api.Clusters;

/// <summary>A kind that a cluster serves.</summary>
/// <param name="Name">What its lists are asked for by, such as <c>deployments.apps</c>.</param>
/// <param name="ApiVersion">Such as <c>apps/v1</c>.</param>
/// <param name="Kind">Such as <c>Deployment</c>.</param>
/// <param name="Namespaced">False for kinds of the whole cluster.</param>
/// <param name="ShortNames">Such as <c>deploy</c>.</param>
/// <param name="Verbs">What can be done with its objects.</param>
internal sealed record KindView(string Name, string ApiVersion, string Kind, bool Namespaced, ImmutableArray<string> ShortNames, ImmutableArray<string> Verbs)
{
    public static KindView Of(ApiResource kind) => new(kind.FullName, kind.ApiVersion, kind.Kind, kind.IsNamespaced, kind.ShortNames, kind.Verbs);
}

/// <summary>The kinds that a cluster serves.</summary>
/// <param name="Items">Groups in the server's order, and in each its preferred version first.</param>
/// <param name="Unavailable">Group versions that are announced and not served at present.</param>
internal sealed record KindListing(ImmutableArray<KindView> Items, ImmutableArray<string> Unavailable)
{
    public static KindListing Of(ApiCatalog catalog) => new([.. catalog.Resources.Select(KindView.Of)], catalog.Unavailable);
}

/// <summary>A column of an <see cref="ObjectListing"/>.</summary>
/// <param name="Name">Its title.</param>
/// <param name="Wide">Shown only to those who ask for more.</param>
internal sealed record ColumnView(string Name, bool Wide);

/// <summary>An object in a list.</summary>
/// <param name="Namespace">Empty for kinds that have none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Differs between an object and one of the same name after it.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Cells">One for each column.</param>
internal sealed record ObjectRow(string Namespace, string Name, string Uid, DateTimeOffset? CreatedAt, ImmutableArray<JsonElement> Cells);

/// <summary>A page of the objects of a kind, as the cluster itself prints them.</summary>
/// <param name="ApiVersion">The kind's.</param>
/// <param name="Kind">Its name.</param>
/// <param name="Columns">What cells are.</param>
/// <param name="Items">By namespace and name.</param>
/// <param name="NextCursor">For the next page; absent on the last.</param>
/// <param name="Remaining">How many come after this page; absent when the cluster does not say.</param>
internal sealed record ObjectListing(
    string ApiVersion, string Kind, ImmutableArray<ColumnView> Columns, ImmutableArray<ObjectRow> Items, string? NextCursor, long? Remaining)
{
    public static ObjectListing Of(ApiResource kind, ObjectTable table) => new(
        kind.ApiVersion,
        kind.Kind,
        [.. table.Columns.Select(column => new ColumnView(column.Name, column.IsWide))],
        [.. table.Rows.Select(row => new ObjectRow(row.Key.Namespace, row.Key.Name, row.Uid, row.CreatedAt, row.Cells))],
        table.Continue.Length == 0 ? null : table.Continue,
        table.Remaining);
}
