using System.Diagnostics;
using System.Globalization;

namespace Control.Crash.Tests;

/// <summary>A disk of a few megabytes, in memory, to be filled.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    private string Filler => Path.Combine(_folder, "filler");

    public static async Task<SmallDisk> Mount(string folder, int megabytes)
    {
        Directory.CreateDirectory(folder);
        Assert.Equal(0, await Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m,mode=0700"), "tmpfs", folder));
        return new SmallDisk(folder);
    }

    /// <summary>Takes all the room there is; also what was freed since the last time.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, BufferSize = 0 });
        // In ever smaller pieces: the last page counts.
        for (var size = 1 << 20; size >= 512;)
        {
            try
            {
                file.Write(new byte[size]);
            }
            catch (IOException)
            {
                size /= 2;
            }
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Filler);

    public async ValueTask DisposeAsync() => Assert.Equal(0, await Run("umount", _folder));

    private static async Task<int> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}

/// <summary>Skipped for others than root, who alone mounts disks and gives jobs users of their own; the gate is root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AsRootFactAttribute : FactAttribute
{
    public AsRootFactAttribute() =>
        Skip = Environment.UserName == "root" || Environment.GetEnvironmentVariable("CI") == "true" ? null : "Only root can mount disks and give jobs users of their own.";
}
