using Control.Contracts.Access;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the gate of a stage.</summary>
internal static class GateReader
{
    /// <summary>Before the name of a scope among approvers.</summary>
    public const string ScopePrefix = "scope:";

    /// <summary>The gate; null when the stage has none, or none that can be read.</summary>
    public static GateSpec? Gate(MapReader stage, string name)
    {
        if (stage.Find("gate") is not { } node || MapReader.Open(node, PipelineShapes.Gate, stage.Problems) is not { } reader)
        {
            return null;
        }

        var parameters = ParameterReader.Parameters(reader);
        var deadline = reader.Seconds("deadline", 0, PipelineLimits.ShortestTimeout, PipelineLimits.LongestRun);
        return new GateSpec(
            reader.Text("message", $"Go on with stage {name}?", PipelineLimits.TextLength),
            parameters,
            Approvers(reader),
            reader.Number("count", 1, 1, PipelineLimits.Approvals),
            reader.Flag("ownApproval", true),
            deadline,
            ApproveOnDeadline(reader, deadline, parameters));
    }

    private static ImmutableArray<string> Approvers(MapReader gate)
    {
        if (gate.Find("approvers") is YamlList { Items.Length: 0 } empty)
        {
            gate.Problems.Add(empty, "Nobody could decide. Name somebody, or remove 'approvers' to let everybody decide who may approve.");
        }

        return gate.Set("approvers", PipelineLimits.Approvers, CheckApprover);
    }

    private static bool ApproveOnDeadline(MapReader gate, int deadline, ImmutableArray<ParameterSpec> parameters)
    {
        if (gate.Find("onDeadline") is not { } node)
        {
            return false;
        }

        var approve = gate.Word("onDeadline", "reject", "approve") == "approve";
        if (deadline == 0)
        {
            gate.Problems.Add(node, "There is no deadline. Add 'deadline', or remove this.");
        }

        if (approve && parameters.FirstOrDefault(parameter => parameter.Default is null) is { } required)
        {
            gate.Problems.Add(node, $"Nobody passes {required.Name} when the gate approves by itself. Give it a default.");
        }

        return approve;
    }

    private static string? CheckApprover(string name)
    {
        if (name.StartsWith(ScopePrefix, StringComparison.Ordinal))
        {
            var scope = name[ScopePrefix.Length..];
            return Scopes.All.Contains(scope) ? null : $"There is no scope {Problems.Quote(scope)}. Write one of {string.Join(", ", Scopes.All)} behind 'scope:'.";
        }

        return name.Length is 0 or > PipelineLimits.NameLength || name.Any(char.IsControl)
            ? "Name a token, its id, or a scope such as scope:admin."
            : null;
    }
}
