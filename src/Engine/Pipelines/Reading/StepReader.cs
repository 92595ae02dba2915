using System.Text;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the steps of a job.</summary>
internal static class StepReader
{
    private const int DerivedNameLength = 60;

    /// <summary>The steps in order, one at least.</summary>
    public static ImmutableArray<StepSpec> Steps(MapReader job)
    {
        var items = job.Items("steps", PipelineLimits.Steps);
        if (job.Find("steps") is YamlList { Items.Length: 0 } empty)
        {
            job.Problems.Add(empty, "A job needs at least one step.");
        }

        return [.. items.Select(i => Step(i, job.Problems)).OfType<StepSpec>()];
    }

    private static StepSpec? Step(YamlNode node, Problems problems)
    {
        if (node is YamlScalar)
        {
            var script = Value.Checked(node, problems, CheckScript) ?? "";
            return new StepSpec(FirstLine(script), script, "sh", "", [], 0);
        }

        if (MapReader.Open(node, PipelineShapes.Step, problems) is not { } reader)
        {
            return null;
        }

        var run = reader.Checked("run", CheckScript) ?? "";
        var directory = reader.Checked("directory", CheckDirectory) ?? "";
        return new StepSpec(
            reader.Text("name", FirstLine(run), PipelineLimits.StepNameLength),
            run,
            reader.Word("shell", "sh", "bash"),
            Normalise(directory),
            reader.Env(),
            reader.Seconds("timeout", 0, PipelineLimits.ShortestTimeout, PipelineLimits.LongestTimeout));
    }

    private static string? CheckScript(string script)
    {
        var bytes = Encoding.UTF8.GetByteCount(script);
        if (bytes > PipelineLimits.ScriptBytes)
        {
            return $"This script has {bytes} bytes; up to {PipelineLimits.ScriptBytes} are allowed. Keep long scripts in the repository and run them from there.";
        }

        return string.IsNullOrWhiteSpace(script) ? "The script is empty. Write the commands to run." : null;
    }

    private static string? CheckDirectory(string directory)
    {
        if (directory.Length > PipelineLimits.DirectoryLength)
        {
            return $"This is {directory.Length} characters long; up to {PipelineLimits.DirectoryLength} are allowed.";
        }

        if (directory.Any(c => char.IsControl(c) || c == '\\'))
        {
            return "A directory must not contain control characters or '\\'. Separate folders with '/'.";
        }

        return directory.StartsWith('/') || directory.Split('/').Contains("..")
            ? "A directory is relative to the work folder and stays inside of it. Remove the leading '/' or the '..'."
            : null;
    }

    private static string Normalise(string directory) => string.Join('/', directory.Split('/').Where(part => part is not ("" or ".")));

    private static string FirstLine(string script)
    {
        var line = script.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        line = end < 0 ? line : line[..end].TrimEnd();
        return line.Length <= DerivedNameLength ? line.ToString() : $"{line[..DerivedNameLength].TrimEnd()}…";
    }
}
