namespace Orleans;

/// <summary>
/// Names a grain class in the ids of its grains. Without it the name is the class's in lower case, without
/// the suffix "Grain".
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class GrainTypeAttribute : Attribute
{
    private readonly string _grainType;

    /// <summary>Names the class.</summary>
    /// <param name="grainType">Unique among the grain classes of a silo; without a slash.</param>
    public GrainTypeAttribute(string grainType) => _grainType = grainType;

    /// <summary>The name as it stands in grain ids.</summary>
    /// <param name="services">Not used; for the signature's sake.</param>
    /// <param name="type">Not used; for the signature's sake.</param>
    public Runtime.GrainType GetGrainType(IServiceProvider services, Type type) => Runtime.GrainType.Create(_grainType);
}
