namespace Control.Engine.Tests;

/// <summary>Finds checked-in files from wherever the tests run.</summary>
internal static class RepositoryFiles
{
    public static string Read(string path) => File.ReadAllText(Path.Combine(Root(), path));

    public static void Write(string path, string text) => File.WriteAllText(Path.Combine(Root(), path), text);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Directory.Packages.props")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
