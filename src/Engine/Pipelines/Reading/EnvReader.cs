using System.Text;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads environment variables, literal ones and those from secrets.</summary>
internal static class EnvReader
{
    /// <summary>A map of variables to literal values.</summary>
    public static ImmutableArray<EnvVar> Env(YamlNode node, Problems problems) =>
        [.. Value.Entries(node, problems, PipelineLimits.EnvEntries, VariableName.Check).Select(entry =>
            new EnvVar(entry.Key.Text, Value.Checked(entry.Value, problems, CheckValue) ?? ""))];

    /// <summary>A map of variables to secrets: the secret's name, or its name and which part.</summary>
    public static ImmutableArray<SecretEnv> Secrets(MapReader job) =>
        [.. job.Entries("secrets", PipelineLimits.Secrets, VariableName.Check).Select(entry => Secret(entry, job.Problems))];

    private static SecretEnv Secret(YamlEntry entry, Problems problems)
    {
        var check = Value.Name("secret");
        if (entry.Value is not YamlMap)
        {
            return new SecretEnv(entry.Key.Text, Value.Checked(entry.Value, problems, check) ?? "", "text");
        }

        var reader = MapReader.Open(entry.Value, PipelineShapes.Secret, problems)!;
        return new SecretEnv(
            entry.Key.Text, reader.Checked("secret", check) ?? "", reader.Word("field", "text", "user", "password"), reader.Flag("file", false));
    }

    /// <summary>The rule for values: limited size.</summary>
    public static string? CheckValue(string value)
    {
        var bytes = Encoding.UTF8.GetByteCount(value);
        return bytes > PipelineLimits.EnvValueBytes ? $"This value has {bytes} bytes; up to {PipelineLimits.EnvValueBytes} are allowed." : null;
    }
}
