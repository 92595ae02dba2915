using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Control.Kubernetes.Access;
using Control.Kubernetes.Errors;

namespace Control.Kubernetes.Http;

/// <summary>What to show at present: files are read again, programs are run again when what they gave has ended or was refused.</summary>
internal sealed class CredentialSource(ClusterAccess access, TimeProvider time) : IDisposable
{
    // Tokens of pods live for an hour and are renewed well before; client-go reads them as often (transport/token_source.go).
    private static readonly TimeSpan FileAge = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _turn = new(1);
    private Shown? _shown;

    /// <summary>The certificate that a program gave; null for none.</summary>
    public X509Certificate2? Certificate => _shown?.Certificate;

    /// <summary>The header to send; null for none.</summary>
    /// <exception cref="KubernetesException">The file cannot be read, or the program failed.</exception>
    public async ValueTask<AuthenticationHeaderValue?> GetAsync(CancellationToken cancellationToken)
    {
        if (_shown is { } shown && shown.Until > time.GetUtcNow()) return shown.Header;
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_shown is not { } other || other.Until <= time.GetUtcNow()) _shown = await RenewAsync(cancellationToken).ConfigureAwait(false);
            return _shown.Header;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Told that a header was refused.</summary>
    /// <returns>True when there may be another one by now.</returns>
    public bool Forget(AuthenticationHeaderValue? refused)
    {
        if (access.Credential is not (Credential.TokenFile or Credential.Plugin)) return false;
        if (_shown is { } shown && Equals(shown.Header, refused)) _shown = shown with { Until = DateTimeOffset.MinValue };
        return true;
    }

    public void Dispose()
    {
        _shown?.Certificate?.Dispose();
        _turn.Dispose();
    }

    private async Task<Shown> RenewAsync(CancellationToken cancellationToken) => access.Credential switch
    {
        Credential.Token token => new Shown(Bearer(token.Value), DateTimeOffset.MaxValue, null),
        Credential.TokenFile file => new Shown(Bearer(await ReadAsync(file.Path, cancellationToken).ConfigureAwait(false)), time.GetUtcNow() + FileAge, null),
        Credential.Basic basic => new Shown(
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{basic.User}:{basic.Password}"))), DateTimeOffset.MaxValue, null),
        Credential.Plugin plugin => Of(await CredentialPlugin.RunAsync(plugin, access, time, cancellationToken).ConfigureAwait(false)),
        _ => new Shown(null, DateTimeOffset.MaxValue, null),
    };

    private static Shown Of(PluginCredential given) => new(
        given.Token is null ? null : Bearer(given.Token),
        given.Until ?? DateTimeOffset.MaxValue,
        given.Certificate is { } own ? X509Certificate2.CreateFromPem(own.Certificate, own.Key) : null);

    private static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false)).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw KubernetesException.Unreachable($"The token for the cluster cannot be read: {fault.Message}", fault);
        }
    }

    private static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);

    private sealed record Shown(AuthenticationHeaderValue? Header, DateTimeOffset Until, X509Certificate2? Certificate);
}
