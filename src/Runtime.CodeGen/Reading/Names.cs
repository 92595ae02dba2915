using System.Collections.Immutable;
using Control.Runtime.CodeGen.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Control.Runtime.CodeGen.Reading;

/// <summary>How symbols and generated classes are called.</summary>
internal static class Names
{
    public const string GenerateSerializer = "Orleans.GenerateSerializerAttribute";
    public const string Immutable = "Orleans.ImmutableAttribute";
    public const string Alias = "Orleans.AliasAttribute";
    public const string Id = "Orleans.IdAttribute";
    public const string ResponseTimeout = "Orleans.ResponseTimeoutAttribute";
    public const string AlwaysInterleave = "Orleans.Concurrency.AlwaysInterleaveAttribute";
    public const string ReadOnly = "Orleans.Concurrency.ReadOnlyAttribute";
    public const string Grain = "Orleans.IGrain";

    private static readonly SymbolDisplayFormat Metadata = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces);

    public static string Full(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    /// <summary>Namespace, containing types and name, without type arguments.</summary>
    public static string Plain(ITypeSymbol type) => type.ToDisplayString(Metadata);

    public static string Escaped(string name) => SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    public static bool Has(ISymbol symbol, string attribute) => Find(symbol.GetAttributes(), attribute) is not null;

    public static AttributeData? Find(ImmutableArray<AttributeData> attributes, string name) =>
        attributes.FirstOrDefault(attribute => attribute.AttributeClass is { } type && Plain(type) == name);

    public static string? AliasOf(ISymbol symbol) => Find(symbol.GetAttributes(), Alias)?.ConstructorArguments.FirstOrDefault().Value as string;

    public static bool IsGrainInterface(INamedTypeSymbol type) =>
        type.TypeKind == Microsoft.CodeAnalysis.TypeKind.Interface
        && !Plain(type).StartsWith("Orleans.", StringComparison.Ordinal)
        && type.AllInterfaces.Any(parent => Plain(parent) == Grain);

    /// <summary>The class generated for a type: its namespace under ControlCodeGen, its containing types joined by underscores.</summary>
    public static CodecName Generated(string prefix, INamedTypeSymbol type, string suffix = "")
    {
        var parts = new List<string>();
        for (INamedTypeSymbol? part = type; part is not null; part = part.ContainingType) parts.Insert(0, part.Name);
        var arity = type.TypeParameters.Length == 0 ? "" : "_" + type.TypeParameters.Length;
        var space = type.ContainingNamespace.IsGlobalNamespace ? "" : "." + type.ContainingNamespace.ToDisplayString();
        return new CodecName("ControlCodeGen" + space, prefix + "_" + string.Join("_", parts) + arity + suffix, IsPublic(type));
    }

    public static bool IsPublic(ITypeSymbol type)
    {
        for (ITypeSymbol? part = type; part is not null; part = part.ContainingType)
        {
            if (part.DeclaredAccessibility != Accessibility.Public) return false;
        }

        return type is not INamedTypeSymbol named || named.TypeArguments.All(argument => argument is ITypeParameterSymbol || IsPublic(argument));
    }
}
