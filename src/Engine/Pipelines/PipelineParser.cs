using System.Diagnostics.CodeAnalysis;
using System.Text;
using Control.Engine.Pipelines.Reading;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines;

/// <summary>What a definition means, or everything that is wrong with it.</summary>
/// <param name="Spec">Null when there are errors.</param>
/// <param name="Errors">
/// In document order, up to <see cref="PipelineLimits.Errors"/>, each with the path of the field (empty for the document as a
/// whole), its line and column, and the cure. Empty when there is a spec.
/// </param>
public sealed record ParsedPipeline(PipelineSpec? Spec, ImmutableArray<FieldError> Errors)
{
    /// <summary>True when the definition is right.</summary>
    [MemberNotNullWhen(true, nameof(Spec))]
    public bool IsValid => Spec is not null;
}

/// <summary>Reads pipeline definitions, YAML or JSON. Any text is answered: this never throws.</summary>
public static class PipelineParser
{
    /// <summary>Parses and validates a definition.</summary>
    /// <param name="text">Up to <see cref="PipelineLimits.TextBytes"/>; a byte order mark is skipped.</param>
    public static ParsedPipeline Parse(string text)
    {
        var problems = new Problems();
        var spec = Read(text.StartsWith('\uFEFF') ? text[1..] : text, problems);
        return problems.None ? new ParsedPipeline(spec, []) : new ParsedPipeline(null, problems.ToArray());
    }

    private static PipelineSpec? Read(string text, Problems problems)
    {
        if (text.Length > PipelineLimits.TextBytes || Encoding.UTF8.GetByteCount(text) > PipelineLimits.TextBytes)
        {
            problems.Add("", $"A definition may have {PipelineLimits.TextBytes / 1024} KiB. Keep long scripts in the repository.", 1, 1);
            return null;
        }

        if (YamlComposer.Compose(text, problems) is not { } root
            || MapReader.Open(root, PipelineShapes.Pipeline, problems) is not { } reader)
        {
            return null;
        }

        var spec = new PipelineSpec(
            reader.Text("description", "", PipelineLimits.TextLength),
            ParameterReader.Parameters(reader),
            reader.Env(),
            SourceReader.Source(reader),
            StageReader.Stages(reader),
            reader.Seconds("timeout", 0, PipelineLimits.ShortestTimeout, PipelineLimits.LongestRun),
            ConcurrencyReader.Concurrency(reader),
            RetentionReader.Retention(reader));
        spec = spec with { Triggers = TriggerReader.Triggers(reader, spec.Parameters) };
        ConditionCheck.Check(spec, reader);
        ConcurrencyReader.CheckNesting(spec, reader);
        return spec;
    }
}
