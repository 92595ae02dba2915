using Microsoft.CodeAnalysis;

namespace Control.Runtime.CodeGen.Reading;

/// <summary>
/// Decides which types need no copy: those marked [Immutable], and sealed ones of this compilation whose members are
/// get-only or init-only and need no copy themselves.
/// </summary>
internal sealed class Sharing
{
    private static readonly HashSet<string> Containers =
    [
        "System.Nullable",
        "System.Collections.Immutable.ImmutableArray",
        "System.Collections.Immutable.ImmutableList",
        "System.Collections.Immutable.ImmutableHashSet",
        "System.Collections.Immutable.ImmutableDictionary",
        "System.Collections.Immutable.ImmutableSortedDictionary",
    ];

    // A type met again while it is being decided does not make itself changeable.
    private readonly HashSet<ITypeSymbol> _deciding = new(SymbolEqualityComparer.Default);

    public static bool IsShared(ITypeSymbol type) => new Sharing().Decide(type);

    private bool Decide(ITypeSymbol type)
    {
        if (type is IArrayTypeSymbol or ITypeParameterSymbol) return false;
        if (Names.Has(type, Names.Immutable) || type.TypeKind == TypeKind.Enum) return true;
        if (type is not INamedTypeSymbol named) return false;
        if (Containers.Contains(Names.Plain(named))) return named.TypeArguments.All(Decide);
        if (!Names.Has(named, Names.GenerateSerializer)) return IsScalar(named);
        return IsFrozen(named);
    }

    // Every scalar that has a codec is immutable.
    private static bool IsScalar(INamedTypeSymbol type) =>
        !type.IsGenericType && CodecExpressions.Find(type) is { } codec && codec.Contains("ScalarCodecs");

    private bool IsFrozen(INamedTypeSymbol type)
    {
        if (!type.IsSealed && !type.IsValueType) return false;
        if (type.IsGenericType || !type.Locations.Any(location => location.IsInSource)) return false;
        if (!_deciding.Add(type)) return true;
        for (var level = type; level is not null && level.SpecialType is SpecialType.None; level = level.BaseType)
        {
            if (!level.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic).All(IsFrozen)) return false;
        }

        return true;
    }

    private bool IsFrozen(IFieldSymbol field)
    {
        var frozen = field.AssociatedSymbol is IPropertySymbol property ? property.SetMethod?.IsInitOnly ?? true : field.IsReadOnly;
        return frozen && (Decide(field.Type) || Names.Has(field.AssociatedSymbol ?? field, Names.Immutable));
    }
}
