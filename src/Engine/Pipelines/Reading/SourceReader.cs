using Control.Engine.Pipelines.Shapes;
using Control.Engine.Sources;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads where the sources come from.</summary>
internal static class SourceReader
{
    /// <summary>The source of a pipeline; null when it has none, or none that can be read.</summary>
    public static GitSource? Source(MapReader pipeline)
    {
        if (pipeline.Find("source") is not { } node || MapReader.Open(node, PipelineShapes.Source, pipeline.Problems) is not { } reader)
        {
            return null;
        }

        return new GitSource(
            reader.Checked("repository", RepositoryUrl.Check) ?? "",
            reader.Checked("ref", GitRef.Check) ?? GitRef.Head,
            reader.Checked("credentials", Value.Name("secret")),
            reader.Number("depth", 1, 0, PipelineLimits.Depths));
    }
}
