using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Control.Agent.Processes;
using Control.Contracts.Agents;

namespace Control.Agent.Jobs;

/// <summary>An attempt's folder: sources and steps' working directory, home, temporary files, scripts and outputs.</summary>
internal sealed class WorkFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private WorkFolder(string root) => Root = root;

    /// <summary>All of it.</summary>
    public string Root { get; }

    /// <summary>Where steps run and sources are checked out.</summary>
    public string Source => Path.Combine(Root, "src");

    /// <summary>HOME of the steps.</summary>
    public string Home => Path.Combine(Root, "home");

    /// <summary>TMPDIR of the steps.</summary>
    public string Temporary => Path.Combine(Root, "tmp");

    /// <summary>The checkout's own, where a credential may be written.</summary>
    public string GitHome => Path.Combine(Root, "git");

    /// <summary>Where steps write outputs.</summary>
    public string Outputs => Path.Combine(Root, "control", "outputs");

    /// <summary>Makes the folders, for this user only.</summary>
    /// <param name="parent">The agent's folder of work folders.</param>
    /// <param name="lease">Names it: short, because sockets in it have 107 bytes for their whole path, and never what a name may say.</param>
    /// <exception cref="IOException">The disk is full or not writable.</exception>
    public static WorkFolder Create(string parent, LeaseRef lease)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{lease.Attempt}#{lease.Lease}");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
        var folder = new WorkFolder(Path.Combine(parent, hash));
        foreach (var path in (string[])[parent, folder.Root, folder.Source, folder.Home, folder.Temporary, folder.GitHome, Path.GetDirectoryName(folder.Outputs)!])
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }

        File.WriteAllText(folder.Outputs, "");
        return folder;
    }

    /// <summary>Writes a step's script and gives its path.</summary>
    public string WriteScript(int step, string script)
    {
        var path = Path.Combine(Root, "control", string.Create(CultureInfo.InvariantCulture, $"step-{step}.sh"));
        File.WriteAllText(path, script.EndsWith('\n') ? script : script + "\n");
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
