using Control.Runtime.CodeGen.Findings;

namespace Control.Runtime.CodeGen.Models;

/// <summary>A type with generated codec, as text, independent of the compilation it was read from.</summary>
/// <param name="FullName">With <c>global::</c> and type parameters.</param>
/// <param name="Codec">The codec class.</param>
/// <param name="Alias">The name on the wire.</param>
/// <param name="BaseFullName">The nearest base with a codec; null when there is none.</param>
/// <param name="Kind">What it is.</param>
/// <param name="IsShared">Whether nobody can change a value.</param>
/// <param name="TypeParameters">Names, for a generic type.</param>
/// <param name="Constraints">The type parameters' constraint clauses.</param>
/// <param name="Levels">The members by declaring type, the most basic type first.</param>
/// <param name="Construction">The members given to the constructor, in its order.</param>
/// <param name="HasSeed">Whether members missing on the wire take their values from a fresh instance.</param>
/// <param name="Findings">What is wrong.</param>
internal sealed record TypeModel(
    string FullName,
    CodecName Codec,
    string Alias,
    string? BaseFullName,
    TypeKind Kind,
    bool IsShared,
    EquatableList<string> TypeParameters,
    string Constraints,
    EquatableList<LevelModel> Levels,
    EquatableList<string> Construction,
    bool HasSeed,
    EquatableList<Finding> Findings);

/// <summary>What a contract type is, as far as its codec cares.</summary>
internal enum TypeKind
{
    Struct,
    Class,
    Abstract,
    Enum,
}

/// <summary>A generated class's place.</summary>
internal sealed record CodecName(string Namespace, string Name, bool IsPublic)
{
    public string FullName => $"global::{Namespace}.{Name}";
}

/// <summary>The members that one type of the hierarchy declares.</summary>
internal sealed record LevelModel(EquatableList<MemberModel> Members);

/// <summary>A member with a number.</summary>
/// <param name="Name">The C# name.</param>
/// <param name="Type">The full type.</param>
/// <param name="Number">The number on the wire.</param>
/// <param name="Codec">The expression that gives its codec.</param>
/// <param name="IsShared">Whether it needs no copy.</param>
internal sealed record MemberModel(string Name, string Type, uint Number, string Codec, bool IsShared);
