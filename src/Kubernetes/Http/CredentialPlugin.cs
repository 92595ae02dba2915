using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Control.Kubernetes.Access;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Http;

/// <summary>Runs a credential plugin (kubernetes.io, "client-go credential plugins", input and output formats).</summary>
internal static class CredentialPlugin
{
    private const int LongestOutput = 1024 * 1024;
    private const int LongestComplaint = 500;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <exception cref="KubernetesException">It cannot be run, fails, takes longer than a minute, or prints something else.</exception>
    public static async Task<PluginCredential> RunAsync(Credential.Plugin plugin, ClusterAccess access, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var process = Start(plugin, access);
        try
        {
            process.StandardInput.Close();
            var output = ReadAsync(process.StandardOutput, LongestOutput, either.Token);
            var complaint = ReadAsync(process.StandardError, LongestOutput, either.Token);
            await process.WaitForExitAsync(either.Token).ConfigureAwait(false);
            return process.ExitCode == 0
                ? Parse(await output.ConfigureAwait(false), plugin)
                : throw Fault(plugin, $"ended with {process.ExitCode}: {Cut(await complaint.ConfigureAwait(false))}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Fault(plugin, $"took longer than {Limit.TotalSeconds:0} s.");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static Process Start(Credential.Plugin plugin, ClusterAccess access)
    {
        var start = new ProcessStartInfo(plugin.Command, plugin.Arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in plugin.Environment) start.Environment[name] = value;
        start.Environment["KUBERNETES_EXEC_INFO"] = Input(plugin, access);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw Fault(plugin, $"cannot be run: {fault.Message}. {plugin.InstallHint}".TrimEnd());
        }
    }

    private static string Input(Credential.Plugin plugin, ClusterAccess access)
    {
        var spec = new JsonObject { ["interactive"] = false };
        if (plugin.ProvidesClusterInfo)
        {
            spec["cluster"] = new JsonObject
            {
                ["server"] = access.Server.ToString(),
                ["tls-server-name"] = access.TlsServerName,
                ["insecure-skip-tls-verify"] = access.InsecureSkipTlsVerify,
                ["certificate-authority-data"] = access.CertificateAuthority.Length == 0 ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(access.CertificateAuthority)),
                ["proxy-url"] = access.Proxy?.ToString(),
            };
        }

        return new JsonObject { ["apiVersion"] = plugin.ApiVersion, ["kind"] = "ExecCredential", ["spec"] = spec }.ToJsonString();
    }

    private static PluginCredential Parse(string output, Credential.Plugin plugin)
    {
        try
        {
            using var json = JsonDocument.Parse(output);
            var status = json.RootElement.Child("status");
            var token = status.Text("token");
            var certificate = (status.Text("clientCertificateData"), status.Text("clientKeyData")) is ({ } own, { } key) ? new ClientCertificate(own, key) : null;
            if (json.RootElement.Text("apiVersion") != plugin.ApiVersion) throw Fault(plugin, $"printed something of another version than {plugin.ApiVersion}.");
            if (token is null && certificate is null) throw Fault(plugin, "printed neither a token nor a certificate with its key.");
            return new PluginCredential(token, certificate, DateTimeOffset.TryParse(
                status.Text("expirationTimestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until) ? until : null);
        }
        catch (JsonException fault)
        {
            throw Fault(plugin, $"printed what is not JSON: {fault.Message}");
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, int longest, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        while (text.Length <= longest && await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read) text.Append(buffer, 0, read);
        return text.ToString();
    }

    private static string Cut(string text) => text.Length <= LongestComplaint ? text.Trim() : $"{text[..LongestComplaint]}…";

    private static KubernetesException Fault(Credential.Plugin plugin, string what) =>
        KubernetesException.Unreachable($"The credential plugin '{plugin.Command}' {what}");
}

/// <summary>What a plugin gave.</summary>
internal sealed record PluginCredential(string? Token, ClientCertificate? Certificate, DateTimeOffset? Until);
