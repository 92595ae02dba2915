namespace Control.Runtime.Codecs;

/// <summary>Values or null.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public sealed class NullableCodec<T>(Codec<T> inner) : Codec<T?>
    where T : struct
{
    /// <inheritdoc/>
    public override bool IsShared => inner.IsShared;

    /// <inheritdoc/>
    public override WireType Wire => inner.Wire;

    /// <inheritdoc/>
    public override T? Copy(T? value) => value is { } present ? inner.Copy(present) : null;

    /// <inheritdoc/>
    public override void Write(WireWriter writer, T? value) => inner.Write(writer, value.GetValueOrDefault());

    /// <inheritdoc/>
    public override T? Read(ref WireReader reader) => inner.Read(ref reader);
}
