using Control.Storage.Secrets;

namespace Control.Storage.Backups;

/// <summary>Files that only their owner may read, from their first moment on.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A new file.</summary>
    /// <exception cref="IOException">It is there already, or cannot be made.</exception>
    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }

    /// <summary>Writes a new one, durably.</summary>
    /// <exception cref="IOException">It is there already, or cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = Create(path);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Gives one another name in its folder, durably.</summary>
    /// <exception cref="IOException">There is one of that name already.</exception>
    public static void Move(string from, string to)
    {
        File.Move(from, to);
        SecretKeyFile.SyncFolder(Path.GetDirectoryName(to)!);
    }

    /// <summary>Gives a folder another name beside it, durably, with what is in it.</summary>
    /// <exception cref="IOException">There is one of that name already.</exception>
    public static void MoveFolder(string from, string to)
    {
        SecretKeyFile.SyncFolder(from);
        Directory.Move(from, to);
        SecretKeyFile.SyncFolder(Path.GetDirectoryName(to)!);
    }

    /// <summary>Copies one, durably.</summary>
    public static void Copy(string from, string to)
    {
        using var source = File.OpenRead(from);
        using var target = Create(to);
        source.CopyTo(target);
        target.Flush(flushToDisk: true);
    }

    /// <summary>Makes a folder, when it is missing, that only its owner may enter.</summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
    }
}
