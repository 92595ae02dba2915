namespace Control.Runtime.Codecs;

/// <summary>Writes, reads and copies the values of one type. Instances have no state and are shared by all threads.</summary>
/// <typeparam name="T">The type.</typeparam>
public abstract class Codec<T>
{
    /// <summary>How the type's values are laid out.</summary>
    public abstract WireType Wire { get; }

    /// <summary>Whether a copy may be the value itself, because nobody can change it.</summary>
    public virtual bool IsShared => true;

    /// <summary>A value that shares nothing changeable with the given one.</summary>
    public virtual T Copy(T value) => value;

    /// <summary>Writes a member.</summary>
    public void WriteMember(WireWriter writer, uint number, T value)
    {
        var isNull = IsNull(value);
        writer.WriteTag(number, isNull ? WireType.Null : Wire);
        if (!isNull) Write(writer, value);
    }

    /// <summary>Reads a member after its tag.</summary>
    /// <exception cref="WireFormatException">The bytes are not a value of this type.</exception>
    public T ReadMember(ref WireReader reader, WireType wire)
    {
        if (wire == Wire) return Read(ref reader);
        return wire == WireType.Null ? default! : throw reader.Corrupt($"a value of {typeof(T).Name} has the layout {wire}");
    }

    /// <summary>Writes an element.</summary>
    public void WriteElement(WireWriter writer, T value)
    {
        var isNull = IsNull(value);
        writer.WriteHeader(isNull ? WireType.Null : Wire);
        if (!isNull) Write(writer, value);
    }

    /// <summary>Reads an element.</summary>
    /// <exception cref="WireFormatException">The bytes are not a value of this type.</exception>
    public T ReadElement(ref WireReader reader) => ReadMember(ref reader, reader.ReadHeader());

    /// <summary>Whether the value is written as null.</summary>
    public virtual bool IsNull(T value) => value is null;

    /// <summary>Writes a value that is not null.</summary>
    public abstract void Write(WireWriter writer, T value);

    /// <summary>Reads a value that is not null.</summary>
    public abstract T Read(ref WireReader reader);
}
