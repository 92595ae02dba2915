using System.Collections.Concurrent;
using Control.Contracts.Agents;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Access;

/// <summary>
/// Looks credentials up, believing what it read for a few seconds. What it does not find it asks for again after one
/// second, so that a new credential works at once and guesses do not become queries.
/// </summary>
internal sealed class Credentials(SubjectQueries queries, IOptions<ApiOptions> options, TimeProvider time)
{
    /// <summary>Entries kept; above it everything is read afresh, which only costs queries.</summary>
    private const int MaxEntries = 10_000;

    private static readonly TimeSpan MissTime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<SubjectKey, Entry> _entries = new();

    /// <summary>True when the answer needs no query.</summary>
    public bool Knows(SubjectKey key) => _entries.TryGetValue(key, out var entry) && entry.Until > time.GetUtcNow();

    /// <summary>The caller whose credential this is; null when it is wrong, expired, revoked or removed.</summary>
    public async ValueTask<Caller?> FindAsync(SubjectKey key, string secret, CancellationToken cancellationToken)
    {
        var entry = await EntryAsync(key, cancellationToken);
        return entry.Hash is { } hash && BearerTokens.Matches(secret, hash) && entry.Caller!.ExpiresAt > time.GetUtcNow() ? entry.Caller : null;
    }

    /// <summary>Whether the caller's credential still holds, for streams that outlive a request.</summary>
    public async ValueTask<bool> HoldsAsync(Caller caller, CancellationToken cancellationToken)
    {
        var kind = caller.Actor.Kind == ActorKind.Agent ? SubjectKinds.Agent : SubjectKinds.Token;
        var entry = await EntryAsync(new SubjectKey(kind, caller.Actor.Id), cancellationToken);
        return entry.Caller is { } current && current.ExpiresAt > time.GetUtcNow();
    }

    /// <summary>Reads it afresh next time: it was changed here.</summary>
    public void Forget(string kind, string id) => _entries.TryRemove(new SubjectKey(kind, id), out _);

    private async ValueTask<Entry> EntryAsync(SubjectKey key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_entries.TryGetValue(key, out var known) && known.Until > now)
        {
            return known;
        }

        var row = await queries.GetCredentialAsync(key.Kind, key.Key, cancellationToken);
        var entry = row is { Deleted: false, SecretHash: { } hash } && CallerOf(key.Kind, row.View) is { } caller
            ? new Entry(hash, caller, now + options.Value.CredentialCacheTime)
            : new Entry(null, null, now + MissTime);
        if (_entries.Count >= MaxEntries)
        {
            _entries.Clear();
        }

        return _entries[key] = entry;
    }

    private static Caller? CallerOf(string kind, string view)
    {
        if (kind == SubjectKinds.Agent)
        {
            var agent = ContractJson.Read<AgentView>(view);
            var actor = new Actor(ActorKind.Agent, agent.Id.Value, agent.Name);
            return agent.State == AgentState.Removed ? null : new Caller(actor, [], [], DateTimeOffset.MaxValue);
        }

        var token = ContractJson.Read<TokenView>(view);
        return token.Revoked
            ? null
            : new Caller(new Actor(ActorKind.Token, token.Id, token.Name), token.Scopes, token.Workspaces, token.ExpiresAt);
    }

    private sealed record Entry(string? Hash, Caller? Caller, DateTimeOffset Until);
}
