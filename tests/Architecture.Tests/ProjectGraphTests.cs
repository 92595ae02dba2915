using System.Xml.Linq;

namespace Control.Architecture.Tests;

/// <summary>Which project may use which. An arrow that is missing here is a decision to make, not a line to add.</summary>
public sealed class ProjectGraphTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Contracts"] = ["Runtime.Abstractions", "Runtime.CodeGen"],
        ["Engine"] = ["Contracts"],
        ["Storage"] = ["Contracts"],
        ["Storage.Queries"] = ["Contracts", "Storage"],
        ["Kubernetes"] = [],
        ["Grains"] = ["Contracts", "Engine", "Storage", "Kubernetes", "Runtime.Abstractions"],
        ["Silo"] = ["Grains", "Runtime"],
        ["Api"] = ["Contracts", "Storage.Queries", "Storage", "Kubernetes"],
        ["Agent"] = ["Contracts", "Engine", "Kubernetes"],
        ["Cli"] = ["Silo", "Api", "Agent", "Contracts"],
        ["Runtime.Abstractions"] = [],
        ["Runtime.CodeGen"] = [],
        ["Runtime"] = ["Runtime.Abstractions"],
    };

    [Fact]
    public void ProjectReferences_OfEveryProjectInSrc_AreInTheTable()
    {
        var source = Path.Combine(Paths.Repository, "src");
        var arrows = Directory.EnumerateFiles(source, "*.csproj", SearchOption.AllDirectories).SelectMany(Arrows).ToArray();
        Assert.NotEmpty(arrows);
        Assert.DoesNotContain(arrows, arrow => !Allowed.TryGetValue(arrow.From, out var allowed) || !allowed.Contains(arrow.To));
    }

    private static IEnumerable<(string From, string To)> Arrows(string project) => XDocument.Load(project)
        .Descendants("ProjectReference")
        .Select(reference => (Path.GetFileNameWithoutExtension(project), Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))));
}
