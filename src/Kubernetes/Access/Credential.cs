using System.Collections.Immutable;

namespace Control.Kubernetes.Access;

/// <summary>What an API server is shown with a request. Texts of these are without what is secret.</summary>
public abstract record Credential
{
    private Credential()
    {
    }

    /// <summary>Nothing, or only the client's certificate.</summary>
    public static Credential None { get; } = new Nobody();

    /// <inheritdoc/>
    public sealed override string ToString() => GetType().Name;

    /// <summary>See <see cref="None"/>.</summary>
    public sealed record Nobody : Credential;

    /// <summary>A bearer token.</summary>
    public sealed record Token(string Value) : Credential;

    /// <summary>A bearer token in a file that somebody renews, as in a pod; read again at least once a minute.</summary>
    public sealed record TokenFile(string Path) : Credential;

    /// <summary>Name and password.</summary>
    public sealed record Basic(string User, string Password) : Credential;

    /// <summary>A program that prints a token or a certificate (kubernetes.io, "client-go credential plugins").</summary>
    /// <param name="Command">Found by PATH, or relative to the kubeconfig when it contains a slash.</param>
    /// <param name="Arguments">Passed as they are.</param>
    /// <param name="Environment">Set beside that of this process.</param>
    /// <param name="ApiVersion"><c>client.authentication.k8s.io/v1</c> or <c>v1beta1</c>.</param>
    /// <param name="ProvidesClusterInfo">Whether it is told of the cluster.</param>
    /// <param name="InstallHint">What to tell whoever lacks it; empty for nothing.</param>
    public sealed record Plugin(
        string Command,
        ImmutableArray<string> Arguments,
        ImmutableArray<KeyValuePair<string, string>> Environment,
        string ApiVersion,
        bool ProvidesClusterInfo,
        string InstallHint) : Credential;
}
