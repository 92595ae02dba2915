using Control.Api.Http;
using Control.Contracts.Errors;

namespace Control.Cli.Hosting;

/// <summary>The server's folder, held by one server at a time; gateways and silos of its cluster use it beside that.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream? _lock;

    private DataFolder(string path, FileStream? held) => (Path, _lock) = (path, held);

    public string Path { get; }

    /// <summary>The file that holds the admin token, mode 0600.</summary>
    public static string AdminTokenFile(string path) => System.IO.Path.Combine(path, "admin-token");

    /// <summary>Makes the folder when missing and takes it for this process.</summary>
    /// <exception cref="ControlException"><c>data-in-use</c>: another server has it.</exception>
    public static DataFolder Open(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var file = System.IO.Path.Combine(path, "server.lock");
        try
        {
            return new DataFolder(path, new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            throw new ControlException("data-in-use", $"Another server uses {path}. Stop it, or give this one a folder of its own with --data.");
        }
    }

    /// <summary>The folder of a cluster, which others use at the same time.</summary>
    /// <exception cref="ControlException"><c>no-server</c>: it has not what the silos of a cluster show each other.</exception>
    public static DataFolder Share(string path) => ServerCertificate.ExistsForSilos(path) ? new DataFolder(path, null) : throw NoServer(path);

    /// <summary>The folder lacks what a cluster's processes share.</summary>
    public static ControlException NoServer(string path) => new(
        "no-server",
        $"{path} is not the data folder of a cluster. Name it with --data; make it with 'control server init', or by starting a server with --cluster-listen. On another machine, copy server.pem, silos.pem and secret-keys.json from there.");

    /// <summary>Writes the admin token so that nobody else can ever read it, not even for a moment.</summary>
    public static async Task WriteAdminToken(string path, string token)
    {
        var file = AdminTokenFile(path);
        var fresh = file + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var writer = new StreamWriter(fresh, options))
        {
            await writer.WriteAsync(token + "\n");
        }

        File.Move(fresh, file, overwrite: true);
    }

    public void Dispose() => _lock?.Dispose();
}
