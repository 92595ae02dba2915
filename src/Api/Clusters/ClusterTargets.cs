using System.Text;
using Control.Contracts.Clusters;
using Control.Contracts.Workspaces;
using Control.Kubernetes.Access;
using Control.Storage.Secrets;

namespace Control.Api.Clusters;

/// <summary>Reads kubeconfigs that people send. Only the one context that is meant is kept, sealed.</summary>
internal static class ClusterTargets
{
    // As much as a kubeconfig of one context needs is less; one with many may be sent whole.
    private const int MaxKubeconfig = 1 << 20;

    public static IEnumerable<FieldError> Check(string? kubeconfig, string? context) =>
        (string.IsNullOrWhiteSpace(kubeconfig) ? [new FieldError("kubeconfig", "Must be the text of a kubeconfig, as 'kubectl config view --minify --flatten --raw' prints it.")] : Checks.Text("kubeconfig", kubeconfig, MaxKubeconfig))
            .Concat(Checks.Text("context", context, 253));

    /// <exception cref="ControlException">It cannot be used; every field is named.</exception>
    public static ClusterTarget Read(SecretBox box, string cluster, string kubeconfig, string? context)
    {
        var access = Access(kubeconfig, string.IsNullOrEmpty(context) ? null : context);
        var plain = Encoding.UTF8.GetBytes(KubeconfigText.Write(access));
        if (plain.Length > SecretBox.MaxPlain)
        {
            throw Outcomes.BadRequest(new FieldError("kubeconfig", $"Its context with certificates and credential must have less than {SecretBox.MaxPlain} bytes."));
        }

        return new ClusterTarget(
            access.Server.OriginalString,
            Word(access),
            CredentialLifetime.Of(access),
            new SealedSecret(ClusterAccessSecret.Name, SecretKind.Text, box.Seal(plain, ClusterAccessSecret.Context(cluster))));
    }

    private static ClusterAccess Access(string kubeconfig, string? context)
    {
        try
        {
            return Kubeconfig.ParseForeign(kubeconfig).Access(context);
        }
        catch (KubeconfigException fault)
        {
            throw Outcomes.BadRequest([.. fault.Errors.Select(error => new FieldError(error.Field.Length == 0 ? "kubeconfig" : $"kubeconfig.{error.Field}", error.Message))]);
        }
    }

    private static string Word(ClusterAccess access) => access switch
    {
        { Credential: Credential.Token } => "token",
        { Credential: Credential.Basic } => "password",
        { Certificate: not null } => "certificate",
        _ => "none",
    };
}
