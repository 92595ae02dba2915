using System.Runtime.CompilerServices;
using Control.Contracts.Runs;

namespace Control.Contracts.Tests;

public sealed class ContractListingTests
{
    // Removing or renumbering a line breaks nodes and documents of the version before; adding one is fine.
    [Fact]
    public void Contracts_AreThoseWrittenDown()
    {
        var file = Path.Combine(Folder(), "Contracts.txt");
        var actual = string.Join('\n', ContractListing.Of(typeof(RunId).Assembly)) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_LISTINGS") == "1")
        {
            File.WriteAllText(file, actual);
        }

        Assert.Equal(File.ReadAllText(file), actual);
    }

    [Fact]
    public void Enums_HaveNoMeaningAtZero()
    {
        var wrong = typeof(RunId).Assembly.GetExportedTypes().Where(type => type.IsEnum)
            .Where(type => Enum.GetName(type, 0) != "Invalid").Select(type => type.Name);
        Assert.Empty(wrong);
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
