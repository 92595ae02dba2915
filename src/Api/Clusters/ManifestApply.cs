using System.Text.Json;
using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Api.Clusters;

/// <summary>What became of an object that was applied, or would have.</summary>
internal enum ApplyOutcome
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>It was not there.</summary>
    Created = 1,

    /// <summary>It was there, and is otherwise now.</summary>
    Configured = 2,

    /// <summary>It was so already.</summary>
    Unchanged = 3,

    /// <summary>It was refused; the error says why.</summary>
    Failed = 4,

    /// <summary>The cluster no longer answered: it was not tried.</summary>
    Skipped = 5,
}

/// <summary>A field that an apply changed.</summary>
/// <param name="Path">Such as <c>spec.replicas</c>.</param>
/// <param name="Before">Absent when there was none.</param>
/// <param name="After">Absent when there is none any more.</param>
internal sealed record ChangeView(string Path, JsonElement? Before, JsonElement? After);

/// <summary>A field that another manages.</summary>
/// <param name="Manager">Who does.</param>
/// <param name="Field">Its path.</param>
internal sealed record ConflictView(string Manager, string Field);

/// <summary>Why an object could not be applied.</summary>
/// <param name="Code">As in problems.</param>
/// <param name="Message">For a person.</param>
/// <param name="Conflicts">Fields that others manage; <c>force</c> takes them.</param>
internal sealed record ApplyError(string Code, string Message, ImmutableArray<ConflictView> Conflicts);

/// <summary>An object that was applied.</summary>
/// <param name="ApiVersion">Its kind's.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Namespace">Where it is; empty for kinds of the whole cluster.</param>
/// <param name="Name">Its name.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Changes">What that changed, up to 200 fields; of Secrets without the values.</param>
/// <param name="Error">Why it failed.</param>
internal sealed record AppliedObject(
    string ApiVersion, string Kind, string Namespace, string Name, ApplyOutcome Outcome, ImmutableArray<ChangeView> Changes, ApplyError? Error);

/// <summary>What became of a manifest.</summary>
/// <param name="DryRun">True when nothing was changed.</param>
/// <param name="Failed">How many objects failed or were skipped.</param>
/// <param name="Items">In the manifest's order.</param>
internal sealed record ApplyAnswer(bool DryRun, int Failed, ImmutableArray<AppliedObject> Items);

/// <summary>
/// Applies objects one after the other, as later ones may need earlier ones. Each is refused alone; only a cluster that does not answer
/// ends it.
/// </summary>
internal sealed class ManifestApply(ClusterSession session, string space, bool isDryRun, bool force)
{
    private static readonly JsonElement Hidden = JsonSerializer.SerializeToElement("(hidden)");

    private readonly WriteOptions _options = new() { IsDryRun = isDryRun, Force = force };

    public async Task<ApplyAnswer> RunAsync(ImmutableArray<KubernetesObject> objects, CancellationToken cancellationToken)
    {
        var items = ImmutableArray.CreateBuilder<AppliedObject>(objects.Length);
        var isAway = false;
        foreach (var wanted in objects)
        {
            items.Add(isAway ? Tell(wanted, wanted.Key, ApplyOutcome.Skipped) : await ApplyAsync(wanted, cancellationToken));
            isAway |= items[^1].Error?.Code == "cluster-unreachable";
        }

        return new ApplyAnswer(isDryRun, items.Count(item => item.Outcome is ApplyOutcome.Failed or ApplyOutcome.Skipped), items.ToImmutable());
    }

    private async Task<AppliedObject> ApplyAsync(KubernetesObject wanted, CancellationToken cancellationToken)
    {
        var key = wanted.Key;
        try
        {
            var kind = await session.KindAsync(wanted.ApiVersion, wanted.Kind, cancellationToken)
                ?? throw KubernetesException.NotFound($"The cluster serves no {wanted.Kind} of {wanted.ApiVersion}.");
            if (kind.IsNamespaced && key.Namespace.Length == 0) key = key with { Namespace = space };
            var before = await FindAsync(kind, key, cancellationToken);
            var after = await session.Client.ApplyAsync(kind, key, wanted.Json, _options, cancellationToken: cancellationToken);
            var changes = ObjectChanges.Between(before, after);
            var outcome = before is null || before.Uid != after.Uid ? ApplyOutcome.Created : changes.IsEmpty ? ApplyOutcome.Unchanged : ApplyOutcome.Configured;
            return Tell(wanted, key, outcome) with { Changes = [.. changes.Select(change => View(wanted, change))] };
        }
        catch (KubernetesException fault)
        {
            var conflicts = fault.ApplyConflicts.Select(conflict => new ConflictView(conflict.Manager, conflict.Field));
            var problem = ClusterProblems.Of(fault);
            return Tell(wanted, key, ApplyOutcome.Failed) with { Error = new ApplyError(problem.Code, problem.Detail, [.. conflicts]) };
        }
    }

    private async Task<KubernetesObject?> FindAsync(ApiResource kind, ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await session.Client.GetAsync(kind, key, cancellationToken: cancellationToken);
        }
        catch (KubernetesException fault) when (fault.IsNotFound)
        {
            return null;
        }
    }

    private static AppliedObject Tell(KubernetesObject wanted, ObjectKey key, ApplyOutcome outcome) =>
        new(wanted.ApiVersion, wanted.Kind, key.Namespace, key.Name, outcome, [], null);

    private static ChangeView View(KubernetesObject wanted, ObjectChange change) =>
        SecretValues.IsSecret(wanted.ApiVersion, wanted.Kind) && SecretValues.IsValue(change.Path)
            ? new ChangeView(change.Path, change.Before is null ? null : Hidden, change.After is null ? null : Hidden)
            : new ChangeView(change.Path, change.Before, change.After);
}
