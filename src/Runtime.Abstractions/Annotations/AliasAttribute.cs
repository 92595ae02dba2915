namespace Orleans;

/// <summary>The name of a type, interface or method on the wire: it outlives renames of the C# name.</summary>
[AttributeUsage(
    AttributeTargets.Class | AttributeTargets.Interface | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method,
    AllowMultiple = true)]
public sealed class AliasAttribute : Attribute
{
    /// <summary>Gives the type, interface or method its name on the wire.</summary>
    /// <param name="alias">Unique among types and interfaces, for a method within its interface.</param>
    public AliasAttribute(string alias) => Alias = alias;

    internal string Alias { get; }
}
