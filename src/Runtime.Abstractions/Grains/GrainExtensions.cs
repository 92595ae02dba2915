using Orleans.Runtime;

namespace Orleans;

/// <summary>Reads the identity of a grain or of a reference to one.</summary>
public static class GrainExtensions
{
    /// <summary>The id of a grain or of the grain a reference stands for.</summary>
    /// <exception cref="ArgumentException">The object is neither.</exception>
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        Grain instance => instance.GrainContext.GrainId,
        GrainReference reference => reference.GrainId,
        _ => throw new ArgumentException($"{grain?.GetType()} is neither a grain nor a reference to one.", nameof(grain)),
    };

    /// <summary>The key given to <see cref="IGrainFactory.GetGrain{TGrainInterface}(string, string?)"/>.</summary>
    /// <exception cref="ArgumentException">The object is neither a grain nor a reference.</exception>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    /// <summary>A reference to the grain, by the interface asked for.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) => grain switch
    {
        Grain instance => instance.GrainReference.Cast<TGrainInterface>(),
        GrainReference reference => reference.Cast<TGrainInterface>(),
        _ => throw new ArgumentException($"{grain?.GetType()} is neither a grain nor a reference to one.", nameof(grain)),
    };
}
