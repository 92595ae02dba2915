using System.Reflection;

namespace Control.Architecture.Tests;

/// <summary>Where the build found things; written into this assembly by its project file.</summary>
internal static class Paths
{
    public static string Repository => Metadata("RepositoryRoot");

    public static string OfPackage(string package, string assembly) => Path.Combine(
        Metadata("PackageRoot"), package.ToLowerInvariant(), Metadata("OrleansVersion"), "lib", "net10.0", assembly + ".dll");

    private static string Metadata(string key) => typeof(Paths).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
