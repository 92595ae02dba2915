using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads a job's matrix and multiplies its axes out.</summary>
internal static class MatrixReader
{
    // Exclusions need the whole product, so more than the cap is multiplied out, but not without end.
    private const int Ceiling = 16 * PipelineLimits.Legs;

    /// <summary>The matrix of a job; null when it has none, or none that can be read.</summary>
    public static MatrixSpec? Matrix(MapReader job)
    {
        if (job.Find("matrix") is not { } node || MapReader.Open(node, PipelineShapes.Matrix, job.Problems) is not { } reader)
        {
            return null;
        }

        var maxParallel = reader.Number("maxParallel", 0, 1, PipelineLimits.Legs);
        var legs = Multiply(reader);
        if (legs.Count < Ceiling)
        {
            Exclude(reader, legs);
            Include(reader, legs);
        }

        if (legs.Count is 0 or > PipelineLimits.Legs)
        {
            job.Problems.Add(node, legs.Count == 0
                ? "This matrix has no leg. Write 'axes' or 'include', and exclude fewer."
                : $"This matrix has more than {PipelineLimits.Legs} legs. Shorten an axis, or exclude some.");
            return null;
        }

        return new MatrixSpec([.. legs.Select(leg => new MatrixLeg([.. leg]))], maxParallel);
    }

    // Stops at the ceiling: ten axes of 256 values would be more than a memory holds.
    private static List<List<EnvVar>> Multiply(MapReader matrix)
    {
        var axes = matrix.Entries("axes", PipelineLimits.Axes, VariableName.Check);
        List<List<EnvVar>> legs = axes.IsEmpty ? [] : [[]];
        foreach (var axis in axes)
        {
            var values = Values(axis, matrix.Problems);
            legs = [.. legs.SelectMany(leg => values.Select(value => new List<EnvVar>([.. leg, new EnvVar(axis.Key.Text, value)]))).Take(Ceiling)];
        }

        return legs;
    }

    private static List<string> Values(YamlEntry axis, Problems problems)
    {
        var items = Value.Items(axis.Value, problems, PipelineLimits.Legs);
        if (axis.Value is YamlList { Items.Length: 0 })
        {
            problems.Add(axis.Value, "An axis needs at least one value.");
        }

        var values = items.Select(item => Value.Checked(item, problems, EnvReader.CheckValue) ?? "").ToList();
        if (values.Distinct(StringComparer.Ordinal).Count() < values.Count)
        {
            problems.Add(axis.Value, "A value is here twice. Remove one.");
        }

        return values;
    }

    private static void Exclude(MapReader matrix, List<List<EnvVar>> legs)
    {
        foreach (var node in matrix.Items("exclude", PipelineLimits.Legs))
        {
            var pattern = EnvReader.Env(node, matrix.Problems);
            if (pattern.IsEmpty || legs.RemoveAll(leg => pattern.All(leg.Contains)) == 0)
            {
                matrix.Problems.Add(node, "This excludes nothing: no leg has all of these values. Correct or remove it.");
            }
        }
    }

    private static void Include(MapReader matrix, List<List<EnvVar>> legs)
    {
        foreach (var node in matrix.Items("include", PipelineLimits.Legs))
        {
            var leg = EnvReader.Env(node, matrix.Problems).ToList();
            if (leg.Count == 0 || legs.Exists(other => other.Count == leg.Count && leg.TrueForAll(other.Contains)))
            {
                matrix.Problems.Add(node, "There is such a leg already, or this one is empty. Remove it.");
            }
            else
            {
                legs.Add(leg);
            }
        }
    }
}
