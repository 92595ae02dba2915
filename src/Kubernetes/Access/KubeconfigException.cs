using System.Collections.Immutable;

namespace Control.Kubernetes.Access;

/// <summary>A kubeconfig cannot be used.</summary>
public sealed class KubeconfigException : Exception
{
    internal KubeconfigException(params ImmutableArray<KubeconfigError> errors)
        : base(string.Join(" ", errors.Select(error => $"{error.Field}: {error.Message}"))) => Errors = errors;

    /// <summary>All that is wrong with it.</summary>
    public ImmutableArray<KubeconfigError> Errors { get; }
}

/// <summary>What is wrong in one place of a kubeconfig, and the cure.</summary>
/// <param name="Field">Such as <c>users[0].user.token</c>.</param>
/// <param name="Message">For people; without what is secret.</param>
public sealed record KubeconfigError(string Field, string Message);
