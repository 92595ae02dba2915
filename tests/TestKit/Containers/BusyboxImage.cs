using System.Diagnostics;

namespace Control.TestKit.Containers;

/// <summary>An image of the static busybox of Debian's package busybox-static, made once in a process, by podman.</summary>
public static class BusyboxImage
{
    /// <summary>What jobs call it.</summary>
    public const string Name = "localhost/control-test:1";

    private const string Script = """
        set -e
        mkdir bin etc tmp; chmod 1777 tmp; cp "$(command -v busybox)" bin/busybox
        for name in $(bin/busybox --list); do [ "$name" = busybox ] || ln -s busybox "bin/$name"; done
        tar -cf - bin etc tmp | podman import -q - "$0"
        """;

    private static readonly Lazy<Task> Made = new(MakeAsync);

    /// <summary>Makes it where that has not been done.</summary>
    /// <exception cref="InvalidOperationException">It cannot be made; the message says what is needed.</exception>
    public static Task EnsureAsync() => Made.Value;

    /// <summary>Gives it to another engine.</summary>
    /// <param name="program">The engine.</param>
    /// <param name="folder">For a file.</param>
    public static async Task CopyAsync(string program, string folder)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", "podman save -q -o image.tar \"$0\" && \"$1\" load -q -i image.tar", Name, program]) { WorkingDirectory = folder })!;
        await shell.WaitForExitAsync();
        if (shell.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} cannot take the image.");
        }
    }

    private static async Task MakeAsync()
    {
        var folder = Directory.CreateTempSubdirectory("control-image-");
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", Script, Name]) { WorkingDirectory = folder.FullName, RedirectStandardError = true })!;
        var errors = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        folder.Delete(recursive: true);
        if (shell.ExitCode != 0)
        {
            throw new InvalidOperationException($"The image cannot be made; podman, runc and busybox-static are needed (build/setup test). {errors}");
        }
    }
}
