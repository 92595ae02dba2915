using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Control.Contracts.Pipelines;

/// <summary>A pipeline's id: <c>workspace/name</c>.</summary>
/// <param name="Workspace">The workspace's name.</param>
/// <param name="Name">The pipeline's name within it.</param>
[GenerateSerializer, Immutable, Alias("control.pipeline-id"), JsonConverter(typeof(IdJsonConverter<PipelineId>))]
public readonly record struct PipelineId([property: Id(0)] string Workspace, [property: Id(1)] string Name) : IParsable<PipelineId>
{
    /// <inheritdoc/>
    public static PipelineId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is not workspace/pipeline.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out PipelineId result)
    {
        result = default;
        if (s?.Split('/') is not [var workspace, var name] || !ResourceName.IsValid(workspace) || !ResourceName.IsValid(name))
        {
            return false;
        }

        result = new PipelineId(workspace, name);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Workspace}/{Name}";
}
