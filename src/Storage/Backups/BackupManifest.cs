using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Control.Contracts.Errors;

namespace Control.Storage.Backups;

/// <summary>What a backup's folder says of itself.</summary>
/// <param name="Format">Of the folder; 1.</param>
/// <param name="TakenAt">When it was begun.</param>
/// <param name="Files">Everything else in the folder.</param>
public sealed record BackupManifest(int Format, DateTimeOffset TakenAt, ImmutableArray<BackupFile> Files)
{
    /// <summary>The format that is written and read.</summary>
    internal const int CurrentFormat = 1;

    private const string FileName = "backup.json";
    private const int MaxBytes = 64 * 1024;

    /// <summary>Reads it and checks every file against it.</summary>
    /// <param name="folder">The backup's.</param>
    /// <exception cref="ControlException"><c>backup-invalid</c>: it is none, of another format, or not as it was written.</exception>
    public static BackupManifest ReadChecked(string folder)
    {
        var manifest = Read(Path.Combine(folder, FileName)) ?? throw Invalid(folder, $"has no {FileName} that can be read");
        if (manifest.Format != CurrentFormat) throw Invalid(folder, $"is of format {manifest.Format}, this program reads {CurrentFormat}");
        // Names lead nowhere else, whoever wrote the manifest.
        if (!StoreBackup.IsBackup([.. manifest.Files.Select(file => file?.Name)])) throw Invalid(folder, "has other files than a backup has");
        foreach (var file in manifest.Files)
        {
            var path = Path.Combine(folder, file.Name);
            if (!File.Exists(path) || BackupFile.Describe(path) != file) throw Invalid(folder, $"has not the {file.Name} that was written");
        }

        return manifest;
    }

    /// <summary>Writes it, durably.</summary>
    internal void Write(string folder)
    {
        using var file = PrivateFile.Create(Path.Combine(folder, FileName));
        JsonSerializer.Serialize(file, this, JsonSerializerOptions.Web);
        file.Flush(flushToDisk: true);
    }

    private static BackupManifest? Read(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: <= MaxBytes }
                && JsonSerializer.Deserialize<BackupManifest>(File.ReadAllBytes(path), JsonSerializerOptions.Web) is { Files.IsDefault: false } manifest
                ? manifest
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ControlException Invalid(string folder, string what) => new("backup-invalid", $"{folder} {what}. Take another backup.");
}

/// <summary>A file of a backup.</summary>
/// <param name="Name">In the backup's folder, and in the data folder it came from.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Sha256">Of its content, lower-case hex.</param>
public sealed record BackupFile(string Name, long Length, string Sha256)
{
    /// <summary>Reads one as it is.</summary>
    internal static BackupFile Describe(string path)
    {
        using var file = File.OpenRead(path);
        return new BackupFile(Path.GetFileName(path), file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }
}
