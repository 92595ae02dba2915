using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Control.Contracts.Groups;

/// <summary>A concurrency group's id: <c>workspace/name</c>, or <c>workspace/name:value</c> where the group is divided by a value.</summary>
/// <param name="Workspace">The workspace's name.</param>
/// <param name="Name">The group's name within it.</param>
/// <param name="Value">What divides it, such as a branch's name; up to 200 characters, none of them a control character. Empty for the whole group.</param>
[GenerateSerializer, Immutable, Alias("control.group-id"), JsonConverter(typeof(IdJsonConverter<GroupId>))]
public readonly record struct GroupId([property: Id(0)] string Workspace, [property: Id(1)] string Name, [property: Id(2)] string Value)
    : IParsable<GroupId>
{
    /// <summary>Longest value, in characters.</summary>
    public const int MaxValueLength = 200;

    /// <summary>The name of the group that limits how many runs of a workspace run at a time.</summary>
    public const string WorkspaceRuns = "workspace-runs";

    /// <summary>The group that limits how many runs of a workspace run at a time.</summary>
    public static GroupId RunsOf(string workspace) => new(workspace, WorkspaceRuns, "");

    /// <summary>The name and the value, without the workspace.</summary>
    public string LocalName => Value.Length == 0 ? Name : $"{Name}:{Value}";

    /// <summary>True when the text can divide a group.</summary>
    public static bool IsValue(string text) => text.Length <= MaxValueLength && !text.Any(char.IsControl);

    /// <inheritdoc/>
    public static GroupId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is not workspace/group.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out GroupId result)
    {
        result = default;
        if (s?.Split('/', 2) is not [var workspace, var local])
        {
            return false;
        }

        var parts = local.Split(':', 2);
        var value = parts.Length == 2 ? parts[1] : "";
        if (!ResourceName.IsValid(workspace) || !ResourceName.IsValid(parts[0]) || !IsValue(value) || local.EndsWith(':') && value.Length == 0)
        {
            return false;
        }

        result = new GroupId(workspace, parts[0], value);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Workspace}/{LocalName}";
}
