using System.Collections.Immutable;

namespace Control.Runtime.Codecs;

/// <summary>Collections of pairs: a count, then key and value by turns. A key that comes twice is corrupt.</summary>
/// <typeparam name="TMap">The collection.</typeparam>
/// <typeparam name="TKey">The key.</typeparam>
/// <typeparam name="TValue">The value.</typeparam>
public abstract class MapCodec<TMap, TKey, TValue>(Codec<TKey> key, Codec<TValue> value) : Codec<TMap>
    where TMap : IReadOnlyDictionary<TKey, TValue>
    where TKey : notnull
{
    /// <inheritdoc/>
    public override bool IsShared => key.IsShared && value.IsShared;

    /// <inheritdoc/>
    public override WireType Wire => WireType.Map;

    /// <summary>Makes the collection of the pairs.</summary>
    /// <param name="pairs">The pairs, in the order written.</param>
    /// <param name="like">What is copied, whose comparers are kept; null when reading.</param>
    /// <exception cref="ArgumentException">A key comes twice.</exception>
    protected abstract TMap Make(KeyValuePair<TKey, TValue>[] pairs, TMap? like);

    /// <inheritdoc/>
    public override TMap Copy(TMap map)
    {
        if (IsNull(map) || IsShared) return map;
        var copies = new KeyValuePair<TKey, TValue>[map.Count];
        var index = 0;
        foreach (var pair in map) copies[index++] = new(key.Copy(pair.Key), value.Copy(pair.Value));
        return Make(copies, map);
    }

    /// <inheritdoc/>
    public override void Write(WireWriter writer, TMap map)
    {
        writer.WriteVarint((ulong)map.Count);
        foreach (var pair in map)
        {
            key.WriteElement(writer, pair.Key);
            value.WriteElement(writer, pair.Value);
        }
    }

    /// <inheritdoc/>
    public override TMap Read(ref WireReader reader)
    {
        reader.Enter();
        var pairs = new KeyValuePair<TKey, TValue>[reader.ReadCount(2)];
        for (var i = 0; i < pairs.Length; i++) pairs[i] = new(key.ReadElement(ref reader), value.ReadElement(ref reader));
        reader.Leave();
        try
        {
            return Make(pairs, default);
        }
        catch (ArgumentException)
        {
            throw reader.Corrupt("a key is null or comes twice");
        }
    }
}

/// <summary>Dictionaries, with the default comparer once read.</summary>
/// <typeparam name="TKey">The key.</typeparam>
/// <typeparam name="TValue">The value.</typeparam>
public sealed class DictionaryCodec<TKey, TValue>(Codec<TKey> key, Codec<TValue> value)
    : MapCodec<Dictionary<TKey, TValue>, TKey, TValue>(key, value)
    where TKey : notnull
{
    /// <inheritdoc/>
    public override bool IsShared => false;

    /// <inheritdoc/>
    protected override Dictionary<TKey, TValue> Make(KeyValuePair<TKey, TValue>[] pairs, Dictionary<TKey, TValue>? like) =>
        new(pairs, like?.Comparer);
}

/// <summary>Immutable dictionaries, with the default comparer once read.</summary>
/// <typeparam name="TKey">The key.</typeparam>
/// <typeparam name="TValue">The value.</typeparam>
public sealed class ImmutableDictionaryCodec<TKey, TValue>(Codec<TKey> key, Codec<TValue> value)
    : MapCodec<ImmutableDictionary<TKey, TValue>, TKey, TValue>(key, value)
    where TKey : notnull
{
    /// <inheritdoc/>
    protected override ImmutableDictionary<TKey, TValue> Make(
        KeyValuePair<TKey, TValue>[] pairs, ImmutableDictionary<TKey, TValue>? like)
    {
        var builder = ImmutableDictionary.CreateBuilder<TKey, TValue>(like?.KeyComparer);
        foreach (var pair in pairs) builder.Add(pair.Key, pair.Value);
        return builder.ToImmutable();
    }
}

/// <summary>Immutable sorted dictionaries. Text keys are sorted ordinally once read, others by the default comparer.</summary>
/// <typeparam name="TKey">The key.</typeparam>
/// <typeparam name="TValue">The value.</typeparam>
public sealed class ImmutableSortedDictionaryCodec<TKey, TValue>(Codec<TKey> key, Codec<TValue> value)
    : MapCodec<ImmutableSortedDictionary<TKey, TValue>, TKey, TValue>(key, value)
    where TKey : notnull
{
    private static readonly IComparer<TKey> Order = StringComparer.Ordinal as IComparer<TKey> ?? Comparer<TKey>.Default;

    /// <inheritdoc/>
    protected override ImmutableSortedDictionary<TKey, TValue> Make(
        KeyValuePair<TKey, TValue>[] pairs, ImmutableSortedDictionary<TKey, TValue>? like)
    {
        var builder = ImmutableSortedDictionary.CreateBuilder<TKey, TValue>(like?.KeyComparer ?? Order);
        foreach (var pair in pairs) builder.Add(pair.Key, pair.Value);
        return builder.ToImmutable();
    }
}
