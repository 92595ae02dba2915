using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Control.Agent.Processes;
using Control.Agent.Users;
using Control.Contracts.Agents;

namespace Control.Agent.Executors;

/// <summary>
/// An attempt's folder: sources and steps' working directory, home, temporary files, scripts, secrets and outputs. When the attempt has
/// a user of its own, the folders that steps write to are that user's alone, and the one around them stays the agent's: as
/// long as a step runs, the agent writes only where nobody else can, or it could be led elsewhere by a link.
/// </summary>
internal sealed class WorkFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode GroupMayEnter = OwnerOnly | UnixFileMode.GroupExecute;
    private const UnixFileMode GroupMayRead = GroupMayEnter | UnixFileMode.GroupRead;

    private readonly JobUser? _user;

    private WorkFolder(string root, JobUser? user, string? source) => (Root, _user, Source) = (root, user, source ?? Path.Combine(root, "src"));

    /// <summary>All of it.</summary>
    public string Root { get; }

    /// <summary>The job's user; null when it runs as the agent's.</summary>
    public uint? Owner => _user?.Id;

    /// <summary>Where steps run and sources are checked out.</summary>
    public string Source { get; }

    /// <summary>HOME of the steps.</summary>
    public string Home => Path.Combine(Root, "home");

    /// <summary>TMPDIR of the steps.</summary>
    public string Temporary => Path.Combine(Root, "tmp");

    /// <summary>The checkout's own, where a credential may be written.</summary>
    public string GitHome => Path.Combine(Root, "git");

    /// <summary>Where steps write outputs.</summary>
    public string Outputs => Path.Combine(Root, "out", "outputs");

    /// <summary>Where scripts are; the job may only read there.</summary>
    public string Scripts => Path.Combine(Root, "control");

    /// <summary>Where secrets are that the job gets as files; the job may only read there.</summary>
    public string Secrets => Path.Combine(Root, "secrets");

    /// <summary>Makes the folders, for the job's user only, or the agent's when it has none.</summary>
    /// <param name="parent">The agent's folder of work folders.</param>
    /// <param name="lease">Names it: short, because sockets in it have 107 bytes for their whole path, and never what a name may say.</param>
    /// <param name="user">Whom the job runs as; null for the agent's own user.</param>
    /// <param name="source">A folder to work in that is there already and stays; null for one of the attempt's own.</param>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static WorkFolder Create(string parent, LeaseRef lease, JobUser? user, string? source = null)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{lease.Attempt}#{lease.Lease}");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
        var folder = new WorkFolder(Path.Combine(parent, hash), user, source);
        string[] own = [.. source is null ? (string[])[folder.Source] : [], folder.Home, folder.Temporary, folder.GitHome, Path.GetDirectoryName(folder.Outputs)!];
        foreach (var path in (string[])[folder.Root, folder.Scripts, folder.Secrets, .. own])
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }

        File.WriteAllText(folder.Outputs, "");
        folder.GiveAway([.. own, folder.Outputs]);
        return folder;
    }

    /// <summary>The user whose job a work folder was for; null when it was the agent's own, or cannot be told.</summary>
    public static uint? OwnerOf(string root) => Libc.OwnerOf(Path.Combine(root, "home")) is { } owner and not 0 ? owner : null;

    /// <summary>Makes a file or folder the job's that the agent has just made where no step could have run yet.</summary>
    public void Give(string path)
    {
        if (_user is not null)
        {
            Libc.Give(path, _user.Id, _user.Id);
        }
    }

    /// <summary>Makes <see cref="Source"/>, still empty, the agent's.</summary>
    public void TakeSource() => Libc.Give(Source, 0, 0);

    /// <summary>Makes <see cref="Source"/> with all that is in it the job's again. No step has run yet.</summary>
    /// <exception cref="IOException">It cannot be.</exception>
    public async Task GiveSourceAsync()
    {
        var owner = string.Create(CultureInfo.InvariantCulture, $"{Owner}:{Owner}");
        if (!await RunAsync("chown", "-R", "-h", owner, "--", Source).ConfigureAwait(false))
        {
            throw new IOException($"{Source} cannot be given to user {Owner}.");
        }
    }

    private void GiveAway(string[] own)
    {
        if (_user is null)
        {
            return;
        }

        Array.ForEach(own, Give);
        foreach (var (path, mode) in (ReadOnlySpan<(string, UnixFileMode)>)[(Scripts, GroupMayRead), (Secrets, GroupMayEnter), (Root, GroupMayEnter)])
        {
            Libc.Give(path, 0, _user.Id);
            File.SetUnixFileMode(path, mode);
        }
    }

    /// <summary>Writes secrets to files that only the job's user can read, and nobody can write. No step has run yet.</summary>
    /// <param name="secrets">Names of files, which are those of variables, and all that is to be in them.</param>
    public void WriteSecrets(IEnumerable<(string Name, string Value)> secrets)
    {
        foreach (var (name, value) in secrets)
        {
            var path = Path.Combine(Secrets, name);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead };
            using (var file = new FileStream(path, options))
            {
                file.Write(Encoding.UTF8.GetBytes(value));
            }

            Give(path);
        }
    }

    /// <summary>Removes what <see cref="WriteSecrets"/> wrote. Nothing of the job may run any more, and its user not be another's yet.</summary>
    public Task RemoveSecretsAsync() => Directory.EnumerateFileSystemEntries(Secrets).Any() ? RemoveAsync(Secrets) : Task.CompletedTask;

    /// <summary>Writes a step's script and gives its path.</summary>
    public string WriteScript(int step, string script)
    {
        var path = Path.Combine(Scripts, string.Create(CultureInfo.InvariantCulture, $"step-{step}.sh"));
        File.WriteAllText(path, script.EndsWith('\n') ? script : script + "\n");
        return path;
    }

    /// <summary>
    /// Writes a step's variables as a script that sets them, for a place that cannot be handed them otherwise, and gives its
    /// path.
    /// </summary>
    public string WriteVariables(int step, IReadOnlyDictionary<string, string> variables)
    {
        var path = Path.Combine(Scripts, string.Create(CultureInfo.InvariantCulture, $"step-{step}.env"));
        var lines = variables.Select(variable => $"export {variable.Key}={PosixShell.Quote(variable.Value)}\n");
        File.WriteAllText(path, string.Concat(lines));
        return path;
    }

    /// <summary>A folder below <see cref="Source"/>; null when the path leads out of it or there is no such folder.</summary>
    public string? Resolve(string relative)
    {
        var path = Path.GetFullPath(Path.Combine(Source, relative));
        var inside = path == Source || path.StartsWith(Source + "/", StringComparison.Ordinal);
        return inside && Directory.Exists(path) ? path : null;
    }

    /// <summary>
    /// Removes a folder with what it holds, whatever its permissions, never following symbolic links. By <c>rm</c>, which
    /// copes with trees deeper than the longest path.
    /// </summary>
    /// <returns>False when something is still there.</returns>
    public static async Task<bool> RemoveAsync(string path)
    {
        if (!Directory.Exists(path))
        {
            return true;
        }

        if (await RunAsync("rm", "-rf", "--", path).ConfigureAwait(false))
        {
            return true;
        }

        await RunAsync("chmod", "-R", "u+rwX", "--", path).ConfigureAwait(false);
        return await RunAsync("rm", "-rf", "--", path).ConfigureAwait(false);
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        if (Programs.Locate(program) is not { } path)
        {
            return false;
        }

        using var process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardError = true })!;
        // Read so that it does not block, kept nowhere: a job may have left a million things to complain about.
        await process.StandardError.BaseStream.CopyToAsync(Stream.Null).ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        return process.ExitCode == 0;
    }
}
