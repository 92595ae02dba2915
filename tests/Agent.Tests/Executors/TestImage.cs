using System.Diagnostics;
using Control.Agent.Executors.Containers;
using Control.Agent.Processes;

namespace Control.Agent.Tests.Executors;

/// <summary>An image of the static busybox of Debian's package busybox-static, made once.</summary>
internal static class TestImage
{
    public const string Name = "localhost/control-test:1";

    private const string Script = """
        set -e
        mkdir bin etc tmp; chmod 1777 tmp; cp "$(command -v busybox)" bin/busybox
        for name in $(bin/busybox --list); do [ "$name" = busybox ] || ln -s busybox "bin/$name"; done
        tar -cf - bin etc tmp | podman import -q - "$0"
        """;

    public static ContainerEngine Podman { get; } = new(Programs.Locate("podman") ?? "podman", true, [], false);

    public static Lazy<Task> Made { get; } = new(MakeAsync);

    private static async Task MakeAsync()
    {
        var folder = Directory.CreateTempSubdirectory("control-image-");
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", Script, Name]) { WorkingDirectory = folder.FullName, RedirectStandardError = true })!;
        var errors = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        folder.Delete(recursive: true);
        Assert.True(shell.ExitCode == 0, $"The image cannot be made; podman, runc and busybox-static are needed (build/setup test). {errors}");
    }
}
