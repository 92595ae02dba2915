using System.Collections.Immutable;

namespace Control.Runtime.Codecs;

/// <summary>Collections of elements: a count and the elements in the collection's order.</summary>
/// <typeparam name="TCollection">The collection.</typeparam>
/// <typeparam name="T">The element.</typeparam>
public abstract class SequenceCodec<TCollection, T>(Codec<T> element) : Codec<TCollection>
    where TCollection : IEnumerable<T>
{
    /// <inheritdoc/>
    public override bool IsShared => false;

    /// <inheritdoc/>
    public override WireType Wire => WireType.List;

    /// <summary>The codec of the elements.</summary>
    protected Codec<T> Element => element;

    /// <summary>How many elements there are.</summary>
    protected abstract int Count(TCollection value);

    /// <summary>Makes the collection of the elements, in their order.</summary>
    protected abstract TCollection Make(T[] elements);

    /// <inheritdoc/>
    public override TCollection Copy(TCollection value)
    {
        if (IsNull(value) || IsShared) return value;
        var copies = new T[Count(value)];
        var index = 0;
        foreach (var item in value) copies[index++] = element.Copy(item);
        return Make(copies);
    }

    /// <inheritdoc/>
    public override void Write(WireWriter writer, TCollection value)
    {
        writer.WriteVarint((ulong)Count(value));
        foreach (var item in value) element.WriteElement(writer, item);
    }

    /// <inheritdoc/>
    public override TCollection Read(ref WireReader reader)
    {
        reader.Enter();
        var elements = new T[reader.ReadCount(1)];
        for (var i = 0; i < elements.Length; i++) elements[i] = element.ReadElement(ref reader);
        reader.Leave();
        return Make(elements);
    }
}

/// <summary>Arrays.</summary>
/// <typeparam name="T">The element.</typeparam>
public sealed class ArrayCodec<T>(Codec<T> element) : SequenceCodec<T[], T>(element)
{
    /// <inheritdoc/>
    protected override int Count(T[] value) => value.Length;

    /// <inheritdoc/>
    protected override T[] Make(T[] elements) => elements;
}

/// <summary>Lists.</summary>
/// <typeparam name="T">The element.</typeparam>
public sealed class ListCodec<T>(Codec<T> element) : SequenceCodec<List<T>, T>(element)
{
    /// <inheritdoc/>
    protected override int Count(List<T> value) => value.Count;

    /// <inheritdoc/>
    protected override List<T> Make(T[] elements) => [.. elements];
}

/// <summary>Immutable arrays; the default one stays the default.</summary>
/// <typeparam name="T">The element.</typeparam>
public sealed class ImmutableArrayCodec<T>(Codec<T> element) : SequenceCodec<ImmutableArray<T>, T>(element)
{
    /// <inheritdoc/>
    public override bool IsShared => Element.IsShared;

    /// <inheritdoc/>
    public override bool IsNull(ImmutableArray<T> value) => value.IsDefault;

    /// <inheritdoc/>
    protected override int Count(ImmutableArray<T> value) => value.Length;

    /// <inheritdoc/>
    protected override ImmutableArray<T> Make(T[] elements) => [.. elements];
}

/// <summary>Immutable lists.</summary>
/// <typeparam name="T">The element.</typeparam>
public sealed class ImmutableListCodec<T>(Codec<T> element) : SequenceCodec<ImmutableList<T>, T>(element)
{
    /// <inheritdoc/>
    public override bool IsShared => Element.IsShared;

    /// <inheritdoc/>
    protected override int Count(ImmutableList<T> value) => value.Count;

    /// <inheritdoc/>
    protected override ImmutableList<T> Make(T[] elements) => [.. elements];
}

/// <summary>Immutable sets.</summary>
/// <typeparam name="T">The element.</typeparam>
public sealed class ImmutableHashSetCodec<T>(Codec<T> element) : SequenceCodec<ImmutableHashSet<T>, T>(element)
{
    /// <inheritdoc/>
    public override bool IsShared => Element.IsShared;

    /// <inheritdoc/>
    protected override int Count(ImmutableHashSet<T> value) => value.Count;

    /// <inheritdoc/>
    protected override ImmutableHashSet<T> Make(T[] elements) => [.. elements];
}
