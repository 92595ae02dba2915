using System.Reflection;

namespace Control.Architecture.Tests;

/// <summary>Where the build found things; written into this assembly by its project file.</summary>
internal static class Paths
{
    public static string Repository => Metadata("RepositoryRoot");

    /// <summary>True when this build stands on Microsoft Orleans.</summary>
    public static bool IsOrleansBuild => Metadata("GrainRuntime") == "Orleans";

    /// <summary>The assembly that stands in for Orleans in the other build.</summary>
    public static string EmbeddedRuntime => Metadata("EmbeddedRuntime");

    private static string Metadata(string key) => typeof(Paths).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
