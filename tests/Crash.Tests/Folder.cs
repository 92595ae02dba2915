namespace Control.Crash.Tests;

/// <summary>A data folder that is gone with its test.</summary>
internal sealed class Folder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("control-crash-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
