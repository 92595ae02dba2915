namespace Control.Architecture.Tests;

/// <summary>The embedded runtime stands in for Orleans: whatever compiles against it must compile against Orleans.</summary>
public sealed class OrleansSurfaceTests
{
    // Defined in packages that no feed used here can give, and not referred to by those it can. Compared by hand with
    // the sources of Orleans 10: Orleans.Serialization.Abstractions, Orleans.Core.
    private static readonly HashSet<string> ComparedByHand =
    [
        "Orleans.ResponseTimeoutAttribute",
        "Orleans.ResponseTimeoutAttribute::.ctor(String) : Void",
        "Orleans.ResponseTimeoutAttribute::get_Timeout() : System.Nullable`1<System.TimeSpan>",
        "Orleans.ResponseTimeoutAttribute::set_Timeout(System.Nullable`1<System.TimeSpan>) : Void modreq(System.Runtime.CompilerServices.IsExternalInit)",
        "Orleans.Storage.InconsistentStateException::.ctor() : Void",
        "Orleans.Storage.InconsistentStateException::.ctor(String, System.Exception) : Void",
    ];

    private static readonly (string Package, string Assembly)[] Packages =
    [
        ("Microsoft.Orleans.Core.Abstractions", "Orleans.Core.Abstractions"),
        ("Microsoft.Orleans.TestingHost", "Orleans.TestingHost"),
        ("Microsoft.Orleans.Persistence.AdoNet", "Orleans.Persistence.AdoNet"),
        ("Microsoft.Orleans.Clustering.AdoNet", "Orleans.Clustering.AdoNet"),
    ];

    [Fact]
    public void EmbeddedRuntime_PublicTypesInOrleansNamespaces_ExistInOrleansWithTheSameMembers()
    {
        var ours = Path.Combine(AppContext.BaseDirectory, "Control.Runtime.Abstractions.dll");
        if (!File.Exists(ours)) return; // Built against Orleans itself.
        var defined = AssemblySurface.Defined(Paths.OfPackage("Microsoft.Orleans.Core.Abstractions", "Orleans.Core.Abstractions"));
        var used = Packages.SelectMany(package => AssemblySurface.Used(Paths.OfPackage(package.Package, package.Assembly))).ToHashSet();
        var foreign = AssemblySurface.Defined(ours).SelectMany(type => Foreign(type.Key, type.Value, defined, used)).Order(StringComparer.Ordinal);
        Assert.Empty(foreign);
    }

    private static IEnumerable<string> Foreign(
        string type, HashSet<string> members, Dictionary<string, HashSet<string>> defined, HashSet<string> used)
    {
        if (defined.TryGetValue(type, out var theirs)) return members.Where(member => !theirs.Contains(member)).Select(member => $"{type}::{member}");
        var known = used.Contains(type) || ComparedByHand.Contains(type);
        return members.Select(member => $"{type}::{member}").Where(member => !used.Contains(member) && !ComparedByHand.Contains(member))
            .Concat(known ? [] : [type]);
    }
}
