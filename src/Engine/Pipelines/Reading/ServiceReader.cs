using System.Text;
using System.Text.RegularExpressions;
using Control.Engine.Containers;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the services of a job.</summary>
internal static class ServiceReader
{
    /// <summary>A DNS label that cannot be taken for a number's form of an address.</summary>
    public const string NamePattern = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";

    /// <summary>The services in definition order; none when the job has none.</summary>
    public static ImmutableArray<ServiceSpec> Services(MapReader job)
    {
        if (job.Find("services") is { } node && job.Find("image") is null)
        {
            job.Problems.Add(node, "Services run beside the container of a job. Add 'image', or remove this.");
        }

        return [.. job.Entries("services", PipelineLimits.Services, CheckName).Select(entry => Service(entry, job.Problems))];
    }

    private static ServiceSpec Service(YamlEntry entry, Problems problems)
    {
        if (entry.Value is not YamlMap)
        {
            var image = Value.Checked(entry.Value, problems, ImageName.Check) ?? "";
            return new ServiceSpec(entry.Key.Text, ContainerReader.Default(image), [], [], [], [], null);
        }

        var reader = MapReader.Open(entry.Value, PipelineShapes.Service, problems)!;
        return new ServiceSpec(
            entry.Key.Text,
            ContainerReader.Container(reader, "image"),
            reader.Env(),
            Secrets(reader),
            Words(reader.Find("command"), problems),
            Words(reader.Find("args"), problems),
            Ready(reader.Find("ready"), problems));
    }

    private static ImmutableArray<SecretEnv> Secrets(MapReader service)
    {
        var secrets = EnvReader.Secrets(service);
        if (secrets.Any(secret => secret.File))
        {
            service.Problems.Add(service.Find("secrets")!, "A service gets secrets as variables alone, for it has none of the job's folders. Remove 'file'.");
        }

        return secrets;
    }

    private static ReadySpec? Ready(YamlNode? node, Problems problems)
    {
        if (node is null)
        {
            return null;
        }

        if (node is not YamlMap)
        {
            return new ReadySpec(Words(node, problems), PipelineLimits.DefaultReadyTimeout);
        }

        var reader = MapReader.Open(node, PipelineShapes.Ready, problems)!;
        return new ReadySpec(
            Words(reader.Find("command"), problems),
            reader.Seconds("timeout", PipelineLimits.DefaultReadyTimeout, PipelineLimits.ShortestTimeout, PipelineLimits.LongestReadyTimeout));
    }

    private static ImmutableArray<string> Words(YamlNode? node, Problems problems)
    {
        if (node is null)
        {
            return [];
        }

        var items = Value.Items(node, problems, PipelineLimits.CommandWords);
        if (node is YamlList { Items.Length: 0 } || (items.Length > 0 && items[0] is YamlScalar { Text.Length: 0, IsNull: false }))
        {
            problems.Add(node, "A command begins with the name of a program. Write one, or remove the key.");
        }

        return [.. items.Select(item => Value.Checked(item, problems, CheckWord) ?? "")];
    }

    private static string? CheckWord(string word)
    {
        var bytes = Encoding.UTF8.GetByteCount(word);
        return bytes > PipelineLimits.CommandWordBytes ? $"This word has {bytes} bytes; up to {PipelineLimits.CommandWordBytes} are allowed." : null;
    }

    private static string? CheckName(string name) => Regex.IsMatch(name, NamePattern, RegexOptions.CultureInvariant) && !name.EndsWith('\n')
        ? null
        : $"{Problems.Quote(name)} is not a host name. Use 1 to 63 of a-z, 0-9 and -, beginning with a letter and not ending with -.";
}
