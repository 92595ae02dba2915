namespace Control.Architecture.Tests;

/// <summary>
/// The listing of every Orleans member that our assemblies use, the same on both engines, reviewed whenever it grows. The
/// seam (Silo) is not in it: it is what differs. UPDATE_LISTINGS=1 rewrites it, on the embedded engine.
/// </summary>
public sealed class OrleansUsageTests
{
    private static readonly string[] Assemblies =
        ["Control.Agent", "Control.Api", "control", "Control.Contracts", "Control.Engine", "Control.Grains", "Control.Storage", "Control.Storage.Queries"];

    // What Orleans' generator writes into an assembly uses these; ours uses nothing in Orleans' namespaces. Hidden on Orleans
    // only: a use of them in our own code would show on the embedded engine.
    private static readonly string[] OfOrleansGenerator =
    [
        "Orleans.ApplicationPartAttribute", "Orleans.CodeGeneration.", "Orleans.CompoundTypeAliasAttribute", "Orleans.GeneratedCode",
        "Orleans.Runtime.GrainReference", "Orleans.Runtime.IRequest", "Orleans.Runtime.IdSpan", "Orleans.Runtime.RequestBase",
        "Orleans.Runtime.TaskRequest", "Orleans.Serialization.",
    ];

    [Fact]
    public void OrleansMembers_UsedByOurAssemblies_AreThoseOfTheListing()
    {
        var listing = Path.Combine(Paths.Repository, "tests", "Architecture.Tests", "OrleansMembers.txt");
        var used = Assemblies.SelectMany(name => AssemblySurface.Used(Path.Combine(AppContext.BaseDirectory, name + ".dll")))
            .Distinct().Order(StringComparer.Ordinal).ToArray();
        if (Environment.GetEnvironmentVariable("UPDATE_LISTINGS") == "1" && !Paths.IsOrleansBuild) File.WriteAllLines(listing, used);
        Assert.Equal(Comparable(File.ReadAllLines(listing)), Comparable(used));
    }

    private static IEnumerable<string> Comparable(IEnumerable<string> lines) => Paths.IsOrleansBuild
        ? lines.Where(line => !Array.Exists(OfOrleansGenerator, start => line.StartsWith(start, StringComparison.Ordinal)))
        : lines;
}
