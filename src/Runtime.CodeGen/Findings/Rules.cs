using Microsoft.CodeAnalysis;

namespace Control.Runtime.CodeGen.Findings;

/// <summary>What contracts must keep to. All are errors: what they forbid compiles under Orleans and fails later.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor MemberWithoutId = Rule(
        1, "Contract member without [Id]", "Give '{0}' an [Id(n)] that no other member of '{1}' has or had");

    public static readonly DiagnosticDescriptor DuplicateId = Rule(
        2, "Duplicate [Id]", "Members '{0}' and '{1}' of '{2}' have the same [Id]; give one of them a number never used before");

    public static readonly DiagnosticDescriptor TypeWithoutAlias = Rule(
        3, "Contract type without [Alias]", "Give '{0}' an [Alias] so that renaming it does not change the wire format");

    public static readonly DiagnosticDescriptor WrongReturnType = Rule(
        4, "Grain method does not return a task", "'{0}' must return Task, Task<T>, ValueTask or ValueTask<T>, not '{1}'");

    public static readonly DiagnosticDescriptor NotSerializable = Rule(
        5, "Type has no codec", "'{0}' of '{1}' cannot be sent: mark a type of ours with [GenerateSerializer] and [Alias], or use a supported type such as ImmutableArray<T>");

    public static readonly DiagnosticDescriptor InterfaceWithoutAlias = Rule(
        6, "Grain interface without [Alias]", "Give '{0}' an [Alias] so that renaming it does not change the wire format");

    public static readonly DiagnosticDescriptor MethodWithoutAlias = Rule(
        7, "Grain method without [Alias]", "Give '{0}' an [Alias] so that renaming it does not change the wire format");

    public static readonly DiagnosticDescriptor DuplicateAlias = Rule(
        8, "Duplicate [Alias]", "'{0}' and '{1}' have the same alias '{2}'; choose another one for the newer of them");

    public static readonly DiagnosticDescriptor NotConstructible = Rule(
        9, "Contract type cannot be made", "'{0}' cannot be read from the wire: {1}");

    public static readonly DiagnosticDescriptor UnsupportedShape = Rule(
        10, "Unsupported in a grain interface", "'{0}' cannot be called on a grain: {1}");

    public static readonly DiagnosticDescriptor ForeignBase = Rule(
        11, "Base type in another assembly", "'{0}' derives from '{1}' of another assembly, whose readers would not know it; move it there or contain it instead");

    public static readonly DiagnosticDescriptor UnknownDerived = Rule(
        12, "Derived type without codec", "'{0}' derives from the contract type '{1}' and needs [GenerateSerializer] and [Alias] too");

    private static readonly DiagnosticDescriptor[] All =
    [
        MemberWithoutId, DuplicateId, TypeWithoutAlias, WrongReturnType, NotSerializable, InterfaceWithoutAlias,
        MethodWithoutAlias, DuplicateAlias, NotConstructible, UnsupportedShape, ForeignBase, UnknownDerived,
    ];

    public static DiagnosticDescriptor ById(string id) => All.First(rule => rule.Id == id);

    private static DiagnosticDescriptor Rule(int number, string title, string message) =>
        new($"CTRL{number:0000}", title, message, "Contracts", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
