using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>Hands the activation to the constructor of <see cref="Orleans.Grain"/>, which grain classes call without arguments.</summary>
internal static class ConstructionScope
{
    [ThreadStatic]
    private static IGrainContext? _current;

    /// <summary>The activation whose instance this thread constructs, null outside of a construction.</summary>
    public static IGrainContext? Current
    {
        get => _current;
        set => _current = value;
    }
}
