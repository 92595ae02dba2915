using System.Diagnostics;
using Control.Agent.Executors.Containers;
using Control.Agent.Processes;
using Control.TestKit.Containers;

namespace Control.Agent.Tests.Executors;

/// <summary>A Docker daemon of the tests' own, with its own data and socket, as long as a class of tests needs it.</summary>
public sealed class DockerDaemon : IAsyncLifetime
{
    private const string Socket = "DOCKER_HOST";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-docker-");
    private readonly string? _socket = Environment.GetEnvironmentVariable(Socket);
    private Process? _daemon;

    internal static ContainerEngine Engine { get; } = new(Programs.Locate("docker") ?? "docker", false, [], true);

    public async Task InitializeAsync()
    {
        if (NeedsDockerAttribute.Missing is not null)
        {
            return;
        }

        var socket = $"unix://{_folder.FullName}/socket";
        // The machine's packet filter stays as it is: containers need no way out here.
        string[] arguments =
        [
            "--data-root", Path.Combine(_folder.FullName, "data"), "--exec-root", Path.Combine(_folder.FullName, "run"), "--pidfile", Path.Combine(_folder.FullName, "pid"),
            "--host", socket, "--exec-opt", "native.cgroupdriver=cgroupfs", "--iptables=false", "--ip6tables=false", "--log-level", "warn",
        ];
        _daemon = Process.Start(new ProcessStartInfo(Programs.Locate("dockerd")!, arguments) { RedirectStandardError = true })!;
        var said = new List<string>();
        var listens = new TaskCompletionSource();
        _daemon.ErrorDataReceived += (_, line) => Hear(line.Data, said, listens);
        _daemon.BeginErrorReadLine();
        using (var watcher = new FileSystemWatcher(_folder.FullName, "socket") { EnableRaisingEvents = true })
        {
            watcher.Created += (_, _) => listens.TrySetResult();
            if (File.Exists(socket["unix://".Length..]))
            {
                listens.TrySetResult();
            }

            await listens.Task.WaitAsync(Patience);
        }

        Environment.SetEnvironmentVariable(Socket, socket);
        // The socket is there before the daemon answers: the call waits for that.
        var (code, output) = await Engine.CallAsync("version");
        Assert.True(code == 0, $"{output} {string.Join('\n', said)}");
        await BusyboxImage.EnsureAsync();
        await BusyboxImage.CopyAsync(Engine.Program, _folder.FullName);
    }

    public async Task DisposeAsync()
    {
        Environment.SetEnvironmentVariable(Socket, _socket);
        if (_daemon is not null)
        {
            Assert.Equal(0, Libc.Kill(_daemon.Id, Libc.SigTerm));
            await _daemon.WaitForExitAsync().WaitAsync(Patience);
            _daemon.Dispose();
            await LetGoAsync(Path.Combine(_folder.FullName, "run", "netns", "default"));
        }

        _folder.Delete(recursive: true);
    }

    // The network that containers on the machine's have: the daemon leaves it mounted.
    private static async Task LetGoAsync(string mount)
    {
        if (File.Exists(mount))
        {
            using var umount = Process.Start("umount", [mount]);
            await umount.WaitForExitAsync();
        }
    }

    private static void Hear(string? line, List<string> said, TaskCompletionSource listens)
    {
        if (line is null)
        {
            listens.TrySetException(new InvalidOperationException($"The daemon ended: {string.Join('\n', said)}"));
        }
        else
        {
            said.Add(line);
        }
    }
}
