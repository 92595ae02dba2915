using Microsoft.CodeAnalysis;

namespace Control.Runtime.CodeGen.Reading;

/// <summary>Finds the C# expression that gives a type's codec.</summary>
internal static class CodecExpressions
{
    private const string Space = "global::Control.Runtime.Codecs.";

    private static readonly Dictionary<string, string> Scalars = new()
    {
        ["bool"] = "Boolean",
        ["byte"] = "Byte",
        ["sbyte"] = "SByte",
        ["short"] = "Int16",
        ["ushort"] = "UInt16",
        ["int"] = "Int32",
        ["uint"] = "UInt32",
        ["long"] = "Int64",
        ["ulong"] = "UInt64",
        ["char"] = "Char",
        ["float"] = "Single",
        ["double"] = "Double",
        ["decimal"] = "Decimal",
        ["string"] = "String",
        ["global::System.Guid"] = "Guid",
        ["global::System.TimeSpan"] = "TimeSpan",
        ["global::System.DateOnly"] = "DateOnly",
        ["global::System.DateTimeOffset"] = "DateTimeOffset",
    };

    private static readonly Dictionary<string, string> Collections = new()
    {
        ["System.Collections.Generic.List"] = "ListCodec",
        ["System.Collections.Generic.Dictionary"] = "DictionaryCodec",
        ["System.Collections.Immutable.ImmutableArray"] = "ImmutableArrayCodec",
        ["System.Collections.Immutable.ImmutableList"] = "ImmutableListCodec",
        ["System.Collections.Immutable.ImmutableHashSet"] = "ImmutableHashSetCodec",
        ["System.Collections.Immutable.ImmutableDictionary"] = "ImmutableDictionaryCodec",
        ["System.Collections.Immutable.ImmutableSortedDictionary"] = "ImmutableSortedDictionaryCodec",
    };

    /// <summary>The codec of texts.</summary>
    public const string OfString = Space + "ScalarCodecs.String";

    /// <summary>The expression; null when the type has no codec.</summary>
    public static string? Find(ITypeSymbol type)
    {
        if (Scalars.TryGetValue(Names.Full(type), out var scalar)) return $"{Space}ScalarCodecs.{scalar}";
        return type switch
        {
            IArrayTypeSymbol { Rank: 1 } array => FindArray(array),
            ITypeParameterSymbol parameter => ParameterField(parameter.Name),
            INamedTypeSymbol { TypeKind: TypeKind.Enum } => FindEnum(type),
            INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable => FindGeneric("NullableCodec", nullable),
            INamedTypeSymbol named when Names.Has(named, Names.GenerateSerializer) => FindGenerated(named),
            INamedTypeSymbol { IsGenericType: true } named when Collections.TryGetValue(Names.Plain(named), out var codec) => FindGeneric(codec, named),
            _ => null,
        };
    }

    /// <summary>Where a generic type's codec keeps the codec of a type argument.</summary>
    public static string ParameterField(string typeParameter) => "_codecOf" + typeParameter;

    private static string? FindArray(IArrayTypeSymbol array)
    {
        if (array.ElementType.SpecialType == SpecialType.System_Byte) return $"{Space}ByteArrayCodec.Instance";
        return Find(array.ElementType) is { } element ? $"new {Space}ArrayCodec<{Names.Full(array.ElementType)}>({element})" : null;
    }

    private static string? FindEnum(ITypeSymbol type)
    {
        var ours = type.Locations.Any(location => location.IsInSource);
        return ours && !Names.Has(type, Names.GenerateSerializer) ? null : $"{Space}EnumCodec<{Names.Full(type)}>.Instance";
    }

    private static string? FindGeneric(string codec, INamedTypeSymbol type)
    {
        var arguments = type.TypeArguments.Select(Find).ToArray();
        return arguments.Contains(null)
            ? null
            : $"new {Space}{codec}<{string.Join(", ", type.TypeArguments.Select(Names.Full))}>({string.Join(", ", arguments)})";
    }

    private static string? FindGenerated(INamedTypeSymbol type)
    {
        var codec = Names.Generated("Codec", type).FullName;
        if (!type.IsGenericType) return codec + ".Instance";
        var arguments = type.TypeArguments.Select(Find).ToArray();
        return arguments.Contains(null)
            ? null
            : $"new {codec}<{string.Join(", ", type.TypeArguments.Select(Names.Full))}>({string.Join(", ", arguments)})";
    }
}
