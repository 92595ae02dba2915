using System.Text;
using System.Text.Json;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Engine.Containers;

namespace Control.Agent.Executors.Containers;

/// <summary>Credentials of a registry in a file of the agent's that lasts as long as the image is fetched: arguments are for everybody to see.</summary>
internal sealed class RegistryLogin : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder;

    private RegistryLogin(string folder) => _folder = folder;

    /// <summary>Folder of the file, as Docker wants it.</summary>
    public string Folder => _folder;

    /// <summary>The file, as Podman wants it.</summary>
    public string AuthFile => Path.Combine(_folder, "config.json");

    /// <summary>Writes the file; null when the image needs no credentials.</summary>
    /// <param name="container">Names the registry.</param>
    /// <param name="secrets">Has the values.</param>
    /// <param name="variable">How the reserved variables are called there.</param>
    /// <param name="folder">The agent's own, not there yet.</param>
    public static RegistryLogin? Create(ContainerSpec container, IReadOnlyDictionary<string, string> secrets, Func<string, string> variable, string folder)
    {
        if (!secrets.TryGetValue(variable(Assignment.RegistryPassword), out var password))
        {
            return null;
        }

        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        var login = new RegistryLogin(folder);
        var auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{secrets.GetValueOrDefault(variable(Assignment.RegistryUser))}:{password}"));
        var auths = new Dictionary<string, Dictionary<string, string>> { [Key(ImageName.Registry(container.Image))] = new() { ["auth"] = auth } };
        using var file = new FileStream(login.AuthFile, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        JsonSerializer.Serialize(file, new Dictionary<string, object> { ["auths"] = auths });
        return login;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // What Docker has called its own registry since its first version.
    private static string Key(string registry) => registry == "docker.io" ? "https://index.docker.io/v1/" : registry;
}
