using System.Text.Json;
using Control.Contracts;
using Control.Contracts.Errors;

namespace Control.Agent.Joining;

/// <summary>The agent's state folder, held by one process at a time: credential, work folders, spooled logs.</summary>
internal sealed class StateFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly FileStream _lock;

    private StateFolder(string path, FileStream @lock) => (_path, _lock) = (path, @lock);

    /// <summary>Where jobs work that are of the agent's own user; its content is of no use to a later boot.</summary>
    public string Work => Path.Combine(_path, "work");

    /// <summary>Locked by the reaper as long as it lives.</summary>
    public string ReaperLock => Path.Combine(_path, "reaper");

    /// <summary>Where logs wait for upload; of no use to a later boot, whose leases are new.</summary>
    public string Spool => Path.Combine(_path, "spool");

    /// <summary>There when this agent may have made containers.</summary>
    public string ContainerMark => Path.Combine(_path, "containers");

    /// <summary>An empty folder to try containers out with.</summary>
    public string Probe => Path.Combine(_path, "probe");

    private string CredentialFile => CredentialFileIn(_path);

    /// <summary>Makes the folder when it is missing and takes it for this process.</summary>
    /// <exception cref="ControlException"><c>state-folder</c>: another agent has it, or it cannot be written.</exception>
    public static StateFolder Open(string path)
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly };
            return new StateFolder(path, new FileStream(Path.Combine(path, "lock"), options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("state-folder", $"The state folder {path} cannot be used: {e.Message} Stop the other agent that uses it, or give this one a folder of its own that it may write.");
        }
    }

    /// <summary>The stored credential; null when there is none.</summary>
    /// <exception cref="ControlException"><c>state-folder</c>: the file is damaged.</exception>
    public Credential? ReadCredential() => ReadCredential(_path);

    /// <summary>The same of a folder that may be in use or missing.</summary>
    /// <exception cref="ControlException"><c>state-folder</c>: the file is damaged.</exception>
    public static Credential? ReadCredential(string folder)
    {
        var path = CredentialFileIn(folder);
        try
        {
            return File.Exists(path) ? ContractJson.Read<Credential>(File.ReadAllText(path)) : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ControlException("state-folder", $"{path} cannot be read: {e.Message} Remove it and join again with a new token.");
        }
    }

    /// <summary>Stores the credential: readable by this user only, and whole or not at all, even through a power cut.</summary>
    public void WriteCredential(Credential credential)
    {
        var draft = CredentialFile + ".new";
        File.Delete(draft);
        using (var file = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            JsonSerializer.Serialize(file, credential, ContractJson.Options);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, CredentialFile, overwrite: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static string CredentialFileIn(string folder) => Path.Combine(folder, "credential.json");
}
