namespace Control.Architecture.Tests;

/// <summary>
/// The listing of every Orleans member that our assemblies use, reviewed whenever it grows. UPDATE_LISTINGS=1 rewrites it.
/// </summary>
public sealed class OrleansUsageTests
{
    private static readonly string[] Assemblies = ["Control.Contracts", "Control.Grains"];

    [Fact]
    public void OrleansMembers_UsedByContractsAndGrains_AreThoseOfTheListing()
    {
        var listing = Path.Combine(Paths.Repository, "tests", "Architecture.Tests", "OrleansMembers.txt");
        var used = Assemblies.Select(name => Path.Combine(AppContext.BaseDirectory, name + ".dll")).Where(File.Exists)
            .SelectMany(AssemblySurface.Used)
            .Where(line => !IsOfGeneratedCode(line))
            .Distinct().Order(StringComparer.Ordinal).ToArray();
        if (Environment.GetEnvironmentVariable("UPDATE_LISTINGS") == "1") File.WriteAllLines(listing, used);
        Assert.Equal(File.ReadAllLines(listing), used);
    }

    // The generator of Orleans writes against its serializer, ours does not. Neither is what grain code uses.
    private static bool IsOfGeneratedCode(string line) =>
        line.StartsWith("Orleans.Serialization.", StringComparison.Ordinal) || line.StartsWith("Orleans.GeneratedCode", StringComparison.Ordinal);
}
