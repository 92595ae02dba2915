using Control.Contracts.Workspaces;

namespace Control.Grains.Workspaces;

/// <summary>Secrets as rows of their owner, a workspace or a pipeline. Their values never enter its document.</summary>
internal static class SecretRows
{
    private const int MaxSecrets = 200;
    private const int MaxSealedBytes = 70 * 1024;
    private const string Kind = "secret";

    /// <summary>Why a secret cannot be put; null when it can.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="names">Those there are.</param>
    /// <param name="owner">What has them, with its article.</param>
    public static Refusal? Check(SealedSecret secret, ImmutableSortedSet<string> names, string owner)
    {
        if (secret.Sealed.Length > MaxSealedBytes)
        {
            return Refusal.BadRequest("secret-too-large", "A secret holds at most 64 KiB.");
        }

        return !names.Contains(secret.Name) && names.Count >= MaxSecrets
            ? Refusal.Limit("too-many-secrets", $"{owner} holds at most {MaxSecrets} secrets. Delete one that is not used.")
            : null;
    }

    /// <summary>The row of a secret.</summary>
    public static ChildChange Put(string key, SealedSecret secret, SecretView view) =>
        new(key, Kind, "stored", null, null, 0, 0, ContractJson.Write(secret), ContractJson.Write(view));

    /// <summary>What is left of a deleted one: the record of the deletion. The value goes.</summary>
    public static ChildChange Deleted(string key) => new(key, Kind, ChildStates.Deleted, null, null, 0, 0, "{}", null);

    /// <summary>The sealed values under those keys; keys without any are left out.</summary>
    public static async Task<ImmutableArray<SealedSecret>> LoadAsync(CommitStore store, SubjectKey owner, IEnumerable<string> keys)
    {
        var found = ImmutableArray.CreateBuilder<SealedSecret>();
        foreach (var key in keys)
        {
            if (await store.LoadChildAsync(owner, key) is { Kind: Kind } row)
            {
                found.Add(ContractJson.Read<SealedSecret>(row.Document));
            }
        }

        return found.ToImmutable();
    }
}
