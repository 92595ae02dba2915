namespace Control.Architecture.Tests;

/// <summary>
/// The embedded runtime stands in for Orleans: whatever compiles against it must compile against Orleans. Part of the build
/// on Orleans only, which has the assemblies to compare with.
/// </summary>
public sealed class OrleansSurfaceTests
{
    [Fact]
    public void EmbeddedRuntime_PublicTypesInOrleansNamespaces_ExistInOrleansWithTheSameMembers()
    {
        var theirs = Directory.EnumerateFiles(AppContext.BaseDirectory, "Orleans.*.dll").SelectMany(AssemblySurface.Defined)
            .ToLookup(type => type.Key, type => type.Value);
        var ours = AssemblySurface.Defined(Paths.EmbeddedRuntime);
        Assert.NotEmpty(ours);
        Assert.Empty(ours.SelectMany(type => Foreign(type.Key, type.Value, theirs[type.Key].FirstOrDefault())).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Foreign(string type, HashSet<string> members, HashSet<string>? theirs) => theirs is null
        ? [type]
        : members.Where(member => !theirs.Contains(member)).Select(member => $"{type}::{member}");
}
