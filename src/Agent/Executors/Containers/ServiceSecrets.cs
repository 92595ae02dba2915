using Control.Contracts.Agents;
using Control.Contracts.Pipelines;

namespace Control.Agent.Executors.Containers;

/// <summary>
/// A service's secrets in a file of the agent's that lasts until its container is made: arguments are for everybody to see, and
/// variables of the engine's own environment, which runs as the agent, could be made to lead it astray.
/// </summary>
internal sealed class ServiceSecrets : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string? _folder;

    private ServiceSecrets(string? folder) => _folder = folder;

    /// <summary>Hands the file to the engine.</summary>
    public IReadOnlyList<string> Arguments => _folder is null ? [] : ["--env-file", FileIn(_folder)];

    /// <summary>Why the secrets cannot be given, cure included; null when they can.</summary>
    /// <param name="service">Names them.</param>
    /// <param name="secrets">Has the values.</param>
    public static string? Complaint(ServiceSpec service, IReadOnlyDictionary<string, string> secrets) =>
        service.Secrets.FirstOrDefault(secret => ValueOf(service, secret, secrets).AsSpan().ContainsAny('\n', '\r', '\0')) is { } unfit
            ? $"The secret {unfit.Secret} has several lines, which no variable of a service can have. Give the service {service.Name} another one, or its base64."
            : null;

    /// <summary>Writes the file, if there are secrets.</summary>
    /// <param name="service">Names them.</param>
    /// <param name="secrets">Has the values.</param>
    /// <param name="folder">The agent's own, not there yet.</param>
    public static ServiceSecrets Write(ServiceSpec service, IReadOnlyDictionary<string, string> secrets, string folder)
    {
        if (service.Secrets.IsEmpty)
        {
            return new ServiceSecrets(null);
        }

        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using var file = new StreamWriter(FileIn(folder), options);
        foreach (var secret in service.Secrets)
        {
            file.Write($"{secret.Name}={ValueOf(service, secret, secrets)}\n");
        }

        return new ServiceSecrets(folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static string ValueOf(ServiceSpec service, SecretEnv secret, IReadOnlyDictionary<string, string> secrets) =>
        secrets[Assignment.ServiceVariable(service.Name, secret.Name)];

    private static string FileIn(string folder) => Path.Combine(folder, "variables");
}
