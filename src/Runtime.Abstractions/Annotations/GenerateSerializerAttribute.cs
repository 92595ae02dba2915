namespace Orleans;

/// <summary>Marks a contract type whose codec and copier are generated at compile time.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute;
