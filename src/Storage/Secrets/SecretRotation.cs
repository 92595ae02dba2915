using System.Collections.Immutable;
using System.Security.Cryptography;
using Control.Contracts;
using Control.Contracts.Errors;
using Control.Contracts.Workspaces;
using Control.Storage.Databases;

namespace Control.Storage.Secrets;

/// <summary>
/// Changes the key that seals secrets while everything goes on: <see cref="RotateAsync"/> adds a key that seals from then on,
/// <see cref="ResealAsync"/> seals anew what older keys have sealed, <see cref="RetireAsync"/> takes those out of the file.
/// Each may be repeated, and be cut short by the end of the process, at any time: a secret is sealed by the one key or the
/// other, and both are in the file as long as anything needs them.
/// </summary>
public sealed class SecretRotation
{
    /// <summary>
    /// How long after a rotation the older keys stay at least: answers kept for repeated requests are sealed too, and last
    /// a day.
    /// </summary>
    public static readonly TimeSpan KeptFor = Idempotency.IdempotencyStore.KeptFor;

    private static readonly ImmutableArray<string> OwnerKinds = [SubjectKinds.Workspace, SubjectKinds.Pipeline, SubjectKinds.Cluster];

    private readonly Database _database;
    private readonly SecretBox _box;
    private readonly TimeProvider _time;

    internal SecretRotation(Database database, SecretBox box, TimeProvider time) => (_database, _box, _time) = (database, box, time);

    /// <summary>The key that seals.</summary>
    public long CurrentKey => _box.Newest.Id;

    /// <summary>True when there are keys besides the one that seals.</summary>
    public bool HasOldKeys => _box.Keys.Length > 1;

    /// <summary>Takes notice of a key that another process has added.</summary>
    /// <exception cref="ControlException">The key file is missing, another store's, damaged or open to others.</exception>
    public void Refresh() => _box.Refresh();

    /// <summary>Adds a key; every process that uses this store seals with it from now on, and reads what older keys sealed.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="ControlException">The key file is not as it must be, or the database failed.</exception>
    public async Task<long> RotateAsync(CancellationToken ct = default)
    {
        var key = _box.AddKey(_time.GetUtcNow());
        await _database.Writer.RunAsync(new RememberOperation(_box), ct).ConfigureAwait(false);
        return key;
    }

    /// <summary>Seals anew, in small transactions, every secret that another key than the current one has sealed.</summary>
    /// <returns>How many were sealed anew, and the names of those that cannot be opened, which stay as they are.</returns>
    /// <exception cref="ControlException">The database failed; what was done until then stays done.</exception>
    public async Task<ResealResult> ResealAsync(CancellationToken ct = default)
    {
        var (count, unreadable) = (0, ImmutableArray.CreateBuilder<string>());
        await foreach (var page in PagesAsync(ct).ConfigureAwait(false))
        {
            var changes = page.Where(row => row.Key != CurrentKey).Select(row => Reseal(row, unreadable)).OfType<Resealed>().ToImmutableArray();
            if (!changes.IsEmpty)
                count += await _database.Writer.RunAsync(new ResealOperation(changes), ct).ConfigureAwait(false);
        }

        return new ResealResult(count, unreadable.ToImmutable());
    }

    /// <summary>The keys of the file, oldest first, and how many secrets each has sealed; also keys that secrets need and the file lacks.</summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public async Task<ImmutableArray<SecretKeyUse>> CountAsync(CancellationToken ct = default)
    {
        var counts = new SortedDictionary<uint, int>();
        await foreach (var page in PagesAsync(ct).ConfigureAwait(false))
        {
            foreach (var row in page)
                counts[row.Key] = counts.GetValueOrDefault(row.Key) + 1;
        }

        var keys = _box.Keys;
        return
        [
            .. keys.Select(key => key.Id).Union(counts.Keys).Order().Select(id => new SecretKeyUse(
                id, id == keys[^1].Id, keys.Any(key => key.Id == id), keys.FirstOrDefault(key => key.Id == id)?.Made, counts.GetValueOrDefault(id))),
        ];
    }

    /// <summary>Takes all keys but the current one out of the file.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="ControlException">
    /// <c>secret-keys-needed</c>: secrets are sealed with one of them, or the current one is younger than <see cref="KeptFor"/>.
    /// </exception>
    public Task<int> RetireAsync(CancellationToken ct = default) => _box.RemoveOldAsync(async () =>
    {
        if (_box.Newest.Made is { } made && _time.GetUtcNow() - made < KeptFor)
            throw new ControlException("secret-keys-needed", $"Key {CurrentKey} was added at {made:u}. Older keys are needed for {KeptFor.TotalHours} hours after that: answers kept for repeated requests are sealed with them.");
        if ((await CountAsync(ct).ConfigureAwait(false)).FirstOrDefault(use => use is { IsCurrent: false, IsInFile: true, Secrets: > 0 }) is { } needed)
            throw new ControlException("secret-keys-needed", $"{needed.Secrets} secret(s) are sealed with key {needed.Id}. The running server seals them anew; set those again that it says it cannot open.");
    });

    // A damaged secret is left alone; whoever needs it is told, and so is who rotates.
    private Resealed? Reseal(SealedRow row, ImmutableArray<string>.Builder unreadable)
    {
        byte[]? plain = null;
        try
        {
            plain = _box.Open(row.Secret.Sealed, row.Context);
            var document = ContractJson.Write(row.Secret with { Sealed = _box.Seal(plain, row.Context) });
            return new Resealed(row.Subject, row.ChildKey, row.Document, document);
        }
        catch (ControlException)
        {
            unreadable.Add(row.Context);
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private async IAsyncEnumerable<ImmutableArray<SealedRow>> PagesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var owner in OwnersAsync(ct).ConfigureAwait(false))
        {
            var after = "";
            for (var page = ImmutableArray<SealedRow>.Empty; after is not null; after = page.IsEmpty ? null : page[^1].ChildKey)
            {
                page = await _database.Readers.ListAsync(
                    SecretStatements.Sealed, [owner.Id, after], row => SealedRow.Of(owner, row.GetString(0), row.GetString(1)), ct).ConfigureAwait(false);
                if (!page.IsEmpty)
                    yield return page;
            }
        }
    }

    private async IAsyncEnumerable<Owner> OwnersAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var kind in OwnerKinds)
        {
            var last = default(Owner?);
            do
            {
                var page = await _database.Readers.ListAsync(
                    SecretStatements.Owners,
                    [kind, last?.Ordinal ?? long.MinValue, last?.Key ?? ""],
                    row => new Owner(row.GetInt64(0), row.GetInt64(1), row.GetString(2)),
                    ct).ConfigureAwait(false);
                foreach (var owner in page)
                    yield return owner;
                last = page.IsEmpty ? null : page[^1];
            }
            while (last is not null);
        }
    }

    private sealed record Owner(long Id, long Ordinal, string Key);

    private sealed record SealedRow(long Subject, string ChildKey, string Document, SealedSecret Secret, string Context)
    {
        /// <summary>The key that sealed it.</summary>
        public uint Key => SecretBox.KeyOf(Secret.Sealed);

        // What it is sealed for is its owner, such as a workspace, and its name.
        public static SealedRow Of(Owner owner, string key, string document)
        {
            var secret = ContractJson.Read<SealedSecret>(document);
            return new SealedRow(owner.Id, key, document, secret, $"{owner.Key}/{secret.Name}");
        }
    }

    private sealed record Resealed(long Subject, string ChildKey, string Expected, string Document);

    private sealed class ResealOperation(ImmutableArray<Resealed> changes) : WriteOperation<int>(changes.Sum(change => (long)change.Document.Length))
    {
        private int _changed;

        protected override int Result => _changed;

        public override void Apply(Session session) =>
            _changed = changes.Sum(change => session.Execute(SecretStatements.Reseal, change.Document, change.Subject, change.ChildKey, change.Expected));
    }

    private sealed class RememberOperation(SecretBox box) : WriteOperation<bool>(256)
    {
        protected override bool Result => true;

        public override void Apply(Session session) => box.Remember(session);
    }
}

/// <summary>A key that seals secrets, and how much needs it.</summary>
/// <param name="Id">Its number in the key file.</param>
/// <param name="IsCurrent">What is sealed now is sealed with it.</param>
/// <param name="IsInFile">False for a key that is lost: what it sealed cannot be opened.</param>
/// <param name="Made">When it was added; null for the first, and where it was not noted.</param>
/// <param name="Secrets">Secrets sealed with it.</param>
public sealed record SecretKeyUse(long Id, bool IsCurrent, bool IsInFile, DateTimeOffset? Made, int Secrets);

/// <summary>What sealing anew came to.</summary>
/// <param name="Count">Secrets that the current key has sealed now.</param>
/// <param name="Unreadable">Secrets that cannot be opened, as <c>workspace/name</c> or <c>workspace/pipeline/name</c>.</param>
public sealed record ResealResult(int Count, ImmutableArray<string> Unreadable);
