using System.Globalization;
using System.Text.RegularExpressions;
using Control.Engine.Containers;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the container of a job, or the limits of one that has none.</summary>
internal static class ContainerReader
{
    /// <summary>A number of processors, with up to three decimals.</summary>
    public const string CpusPattern = @"^[0-9]{1,3}(\.[0-9]{1,3})?$";

    /// <summary>A size in MiB or GiB.</summary>
    public const string MemoryPattern = "^[1-9][0-9]{0,5}[mg]$";

    /// <summary>The container; null when the job has none, or none that can be read.</summary>
    public static ContainerSpec? Container(MapReader job)
    {
        if (job.Find("image") is not { } node)
        {
            return null;
        }

        if (node is not YamlMap)
        {
            return Value.Checked(node, job.Problems, ImageName.Check) is { } image ? Default(image) : null;
        }

        var reader = MapReader.Open(node, PipelineShapes.Image, job.Problems)!;
        return Container(reader, "name") with
        {
            Network = Network(reader.Word("network", "own", "none", "host")),
            User = reader.Word("user", "job", "root") == "root" ? ContainerUser.Root : ContainerUser.Job,
        };
    }

    /// <summary>What a job's container and a service's have in common; the network is the default.</summary>
    /// <param name="reader">Of the map.</param>
    /// <param name="image">The key of the image's reference.</param>
    public static ContainerSpec Container(MapReader reader, string image) => Default(reader.Checked(image, ImageName.Check) ?? "") with
    {
        Credentials = reader.Checked("credentials", Value.Name("secret")),
        MilliCpus = MilliCpus(reader),
        MemoryBytes = Bytes(reader),
        Pids = reader.Number("pids", PipelineLimits.DefaultPids, PipelineLimits.FewestPids, PipelineLimits.MostPids),
        Pull = Pull(reader.Word("pull", "missing", "always", "never")),
    };

    /// <summary>A container of which only the image is told.</summary>
    public static ContainerSpec Default(string image) =>
        new(image, null, 0, 0, PipelineLimits.DefaultPids, ContainerNetwork.Own, ImagePull.Missing);

    /// <summary>The limits of a job without a container; null when it has none.</summary>
    public static ResourceSpec? Resources(MapReader job)
    {
        if (job.Find("resources") is not { } node || MapReader.Open(node, PipelineShapes.Resources, job.Problems) is not { } reader)
        {
            return null;
        }

        if (job.Find("image") is not null)
        {
            job.Problems.Add(node, "The job has an image, which has limits of its own. Write cpus, memory and pids below 'image', and remove this.");
        }

        return new ResourceSpec(MilliCpus(reader), Bytes(reader), reader.Number("pids", 0, PipelineLimits.FewestPids, PipelineLimits.MostPids));
    }

    private static int MilliCpus(MapReader reader) => reader.Checked("cpus", CheckCpus) is { } cpus ? MilliCpus(cpus) : 0;

    private static long Bytes(MapReader reader) => reader.Checked("memory", CheckMemory) is { } memory ? Bytes(memory) : 0;

    private static string? CheckCpus(string text) =>
        Follows(text, CpusPattern) && MilliCpus(text) >= PipelineLimits.FewestMilliCpus
            ? null
            : $"{Problems.Quote(text)} is not a number of processors. Write one from 0.01 to 999, such as 2 or 0.5.";

    private static string? CheckMemory(string text) =>
        Follows(text, MemoryPattern) && Bytes(text) >= PipelineLimits.LeastMemory
            ? null
            : $"{Problems.Quote(text)} is not an amount of memory. Write it in MiB or GiB, 16m or more, such as 512m or 2g.";

    // The end in a pattern, which is a schema's too, may stand before a line's end.
    private static bool Follows(string text, string pattern) => Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant) && !text.EndsWith('\n');

    private static int MilliCpus(string text) => (int)(decimal.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * 1000);

    private static long Bytes(string text) => long.Parse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture) << (text[^1] == 'g' ? 30 : 20);

    private static ContainerNetwork Network(string word) => word switch
    {
        "none" => ContainerNetwork.None,
        "host" => ContainerNetwork.Host,
        _ => ContainerNetwork.Own,
    };

    private static ImagePull Pull(string word) => word switch
    {
        "always" => ImagePull.Always,
        "never" => ImagePull.Never,
        _ => ImagePull.Missing,
    };
}
