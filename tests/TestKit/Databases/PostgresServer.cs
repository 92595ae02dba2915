using System.Diagnostics;
using System.Globalization;

namespace Control.TestKit.Databases;

/// <summary>
/// A PostgreSQL of a test's own, in a folder of its own, reached by a socket in it. It goes with the process that started
/// it, however that ends. Its order of texts is not that of their bytes, so whatever counts on one must say so.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    // Off the tests' own context, whose few threads may all be waiting for it.
    private static readonly Lazy<Task<PostgresServer>> Common = new(() => Task.Run(() => StartAsync()));
    private static readonly string? Programs = Locate();

    private readonly string _folder;
    private readonly Process _guard;
    private Process _process = null!;
    private string[] _settings = [];

    private PostgresServer(string folder)
    {
        _folder = folder;
        // Ends the server and removes the folder when this process closes the pipe, which it does when it is killed, too.
        _guard = Process.Start(new ProcessStartInfo(
            "setsid",
            ["sh", "-c", "cat; pid=$(head -n 1 data/postmaster.pid 2>/dev/null) && kill -QUIT $pid && tail --pid=$pid -f /dev/null; rm -rf \"$PWD\""])
        { RedirectStandardInput = true, WorkingDirectory = folder })!;
    }

    /// <summary>Why there can be none here; null when there can, and on the gate, where its lack is a failure.</summary>
    public static string? Missing => Programs is not null || Environment.GetEnvironmentVariable("CI") == "true" ? null : "PostgreSQL is not installed.";

    /// <summary>One for all tests of the process that do not stop it.</summary>
    public static Task<PostgresServer> SharedAsync() => Common.Value;

    /// <summary>Makes one; returns once it answers.</summary>
    /// <param name="isArchiving">Keeps the log of all it writes, for <see cref="BackUpAsync"/> and <see cref="RestoreAsync"/>.</param>
    public static async Task<PostgresServer> StartAsync(bool isArchiving = false)
    {
        var server = await MakeAsync();
        if (isArchiving) server._settings = ["archive_mode=on", $"archive_command=mkdir -p {server.Archive} && cp %p {server.Archive}/%f"];
        await RunAsync(server.Command(
            "initdb", "-D", "data", "--no-sync", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"));
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>A connection string for a store of a test's own.</summary>
    /// <param name="schema">The store's.</param>
    /// <param name="other">Named before this one.</param>
    public string Connection(string schema, PostgresServer? other = null) =>
        $"Host={(other is null ? "" : other._folder + ",")}{_folder};Database=postgres;Username=postgres;Search Path={schema}";

    /// <summary>Makes a standby, without which this one acknowledges no commit any more.</summary>
    public async Task<PostgresServer> StandbyAsync()
    {
        var standby = await MakeAsync();
        await RunAsync(standby.Command("pg_basebackup", "-D", "data", "-R", "-h", _folder, "-U", "postgres", "-c", "fast", "--no-sync"));
        await standby.StartAgainAsync();
        await RunAsync(Command("psql", "-h", _folder, "-U", "postgres", "-c", "ALTER SYSTEM SET synchronous_standby_names = '*'", "-c", "SELECT pg_reload_conf()"));
        return standby;
    }

    /// <summary>Copies it as it is now, beside itself: what <see cref="RestoreAsync"/> begins with.</summary>
    public Task BackUpAsync() => RunAsync(Command("pg_basebackup", "-D", "base", "-h", _folder, "-U", "postgres", "-c", "fast", "--no-sync"));

    /// <summary>Gives this moment a name.</summary>
    public Task NameMomentAsync(string name) => RunAsync(Command("psql", "-h", _folder, "-U", "postgres", "-c", $"SELECT pg_create_restore_point('{name}')"));

    /// <summary>Makes another one of the copy and the log up to a moment. This one must have been stopped.</summary>
    public async Task<PostgresServer> RestoreAsync(string moment)
    {
        var restored = await MakeAsync();
        await RunAsync(restored.Command("/bin/cp", "-a", Path.Combine(_folder, "base"), "data"));
        await RunAsync(restored.Command("/bin/touch", "data/recovery.signal"));
        // Nobody is let in before it has gone all the way.
        restored._settings = [$"restore_command=cp {Archive}/%f %p", $"recovery_target_name={moment}", "recovery_target_action=promote", "hot_standby=off"];
        await restored.StartAgainAsync();
        return restored;
    }

    /// <summary>Makes the primary of a standby.</summary>
    public Task PromoteAsync() => RunAsync(Command("pg_ctl", "promote", "-D", "data", "-w"));

    private string Archive => Path.Combine(_folder, "archive");

    /// <summary>The socket, for those who put something between.</summary>
    public string Socket => Path.Combine(_folder, ".s.PGSQL.5432");

    /// <summary>Kills it and all its processes, as a power failure does, but for what the kernel has yet to write.</summary>
    public async Task KillAsync()
    {
        // One that it makes after they were counted would outlive it, and keep the next server from starting.
        await RunAsync(new ProcessStartInfo("kill", ["-STOP", _process.Id.ToString(CultureInfo.InvariantCulture)]));
        var children = Children(_process.Id);
        _process.Kill();
        await _process.WaitForExitAsync();
        foreach (var child in children)
            await EndAsync(child);
    }

    /// <summary>Stops it in order; connections are cut.</summary>
    public async Task StopAsync()
    {
        await RunAsync(Command("pg_ctl", "stop", "-D", "data", "-m", "fast", "-w"));
        await _process.WaitForExitAsync();
    }

    /// <summary>Starts it after <see cref="KillAsync"/> or <see cref="StopAsync"/>; returns once it answers.</summary>
    public async Task StartAgainAsync()
    {
        var start = Command(
            "postgres", "-D", "data", "-k", _folder, "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
            "-c", "log_min_messages=log");
        foreach (var setting in _settings)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(setting);
        }

        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        var said = "";
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            said += line + "\n";
            if (!line.Contains("ready to accept", StringComparison.Ordinal)) continue;
            _ = _process.StandardError.ReadToEndAsync();
            return;
        }

        await _process.WaitForExitAsync();
        throw new InvalidOperationException($"postgres ended with {_process.ExitCode}: {said}");
    }

    /// <summary>Ends it and removes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
    }

    private static async Task<PostgresServer> MakeAsync()
    {
        var server = new PostgresServer(Directory.CreateTempSubdirectory("control-postgres-").FullName);
        if (Environment.IsPrivilegedProcess)
            await RunAsync(new ProcessStartInfo("chown", ["postgres:postgres", server._folder]));
        return server;
    }

    // The server refuses to be root, whom it is run for on the gate.
    private ProcessStartInfo Command(string program, params string[] arguments)
    {
        var path = Path.Combine(Programs ?? throw new InvalidOperationException("PostgreSQL is not installed: make setup, or apt-get install postgresql."), program);
        return Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments]) { WorkingDirectory = _folder }
            : new ProcessStartInfo(path, arguments) { WorkingDirectory = _folder };
    }

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{start.FileName} ended with {process.ExitCode}: {await output}{await errors}");
    }

    private static int[] Children(int parent) =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _) && Parent(name!) == parent).Select(name => int.Parse(name!, CultureInfo.InvariantCulture))];

    // "pid (name) state parent …", and the name may have anything in it.
    private static int Parent(string process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static async Task EndAsync(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            await process.WaitForExitAsync();
        }
        catch (ArgumentException)
        {
            // It has ended by itself.
        }
    }

    private static string? Locate()
    {
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin")) : [];
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(debian).Select(folder => new FileInfo(Path.Combine(folder, "initdb"))).FirstOrDefault(file => file.Exists);
        // A link on the PATH stands for one program; the others are beside what it leads to.
        return found is null ? null : Path.GetDirectoryName((found.ResolveLinkTarget(returnFinalTarget: true) ?? found).FullName);
    }
}
