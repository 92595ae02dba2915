using System.Text.Json;
using Control.Contracts;

namespace Control.Cli.Configuration;

/// <summary>The file behind <see cref="CliConfig"/>. It holds tokens: only its owner may read it.</summary>
internal sealed class ConfigFile(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OthersToo = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public string Path => path;

    /// <summary>Where the file is: <c>CONTROL_CONFIG</c>, or <c>.config/control/config.json</c> in the home folder.</summary>
    public static ConfigFile Locate(Func<string, string?> environment)
    {
        var home = environment("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return new ConfigFile(environment("CONTROL_CONFIG") ?? System.IO.Path.Combine(home, ".config", "control", "config.json"));
    }

    /// <summary>True when others than the owner have access to the file.</summary>
    public bool IsExposed => !OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & OthersToo) != 0;

    /// <exception cref="UsageException">The file is damaged; the message names the cure.</exception>
    public CliConfig Load()
    {
        if (!File.Exists(path))
        {
            return CliConfig.Empty;
        }

        try
        {
            var config = ContractJson.Read<CliConfig>(File.ReadAllText(path));
            var contexts = config.Contexts.IsDefault ? [] : config.Contexts;
            return contexts.All(context => context is { Name: not null, Server: not null })
                ? config with { Contexts = contexts }
                : throw new JsonException("A context without name or server.");
        }
        catch (JsonException)
        {
            throw new UsageException($"{path} is damaged. Remove it and log in again.");
        }
    }

    /// <summary>Replaces the file whole, so that a crash leaves the old one or the new one.</summary>
    public void Save(CliConfig config)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
            options.UnixCreateMode = OwnerOnly;
        }

        var fresh = $"{path}.{Guid.NewGuid():N}.new";
        using (var stream = new FileStream(fresh, options))
        {
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(config, ContractJson.Options));
            stream.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
    }
}
