namespace Orleans;

/// <summary>
/// The number of a member on the wire. It never changes and is never given to another member, so that
/// nodes of two versions read each other's messages.
/// </summary>
[AttributeUsage(
    AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Parameter | AttributeTargets.Class
    | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method)]
public sealed class IdAttribute : Attribute
{
    /// <summary>Gives the member its number.</summary>
    /// <param name="id">Unique within the type that declares the member.</param>
    public IdAttribute(uint id) => Id = id;

    internal uint Id { get; }
}
