using System.Reflection;
using Control.Runtime.Codecs;

namespace Control.Contracts.Tests;

// The seam: how the engine writes, reads and copies a value. Wire.Orleans.cs has the same members.
internal static class Wire
{
    public static object RoundTrip(object value) => Generic(nameof(RoundTripAs), value);

    public static object Copy(object value) => Generic(nameof(CopyAs), value);

    private static object Generic(string method, object value) =>
        typeof(Wire).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(value.GetType()).Invoke(null, [value])!;

    private static object RoundTripAs<T>(T value)
    {
        var writer = new WireWriter();
        CodecOf<T>().Write(writer, value);
        var reader = new WireReader(writer.Written);
        return CodecOf<T>().Read(ref reader)!;
    }

    private static object CopyAs<T>(T value) => CodecOf<T>().Copy(value)!;

    // Generated next to the type; a generic type's is given those of its arguments.
    private static Codec<T> CodecOf<T>()
    {
        var codec = typeof(T).Assembly.GetTypes()
            .Where(type => type.Name.StartsWith("Codec_", StringComparison.Ordinal))
            .Select(type => type.IsGenericTypeDefinition && typeof(T).IsGenericType ? type.MakeGenericType(typeof(T).GetGenericArguments()) : type)
            .Single(type => type.BaseType == typeof(Codec<T>));
        return (Codec<T>)(codec.GetField("Instance")?.GetValue(null)
            ?? Activator.CreateInstance(codec, [.. typeof(T).GetGenericArguments().Select(Argument)])!);
    }

    private static object Argument(Type type) =>
        typeof(Wire).GetMethod(nameof(CodecOf), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, null)!;
}
