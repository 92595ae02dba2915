namespace Control.Kubernetes.Objects;

/// <summary>An object's place among others of its kind.</summary>
/// <param name="Namespace">Empty for kinds that have none.</param>
/// <param name="Name">Empty for what is not named yet, as with <c>generateName</c>.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary>As kubectl writes it.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
