using Orleans.Runtime;

namespace Orleans;

/// <summary>Makes references to grains. Making one costs nothing on the grain's side: the first call activates.</summary>
public interface IGrainFactory
{
    /// <summary>A reference by interface and key.</summary>
    /// <param name="primaryKey">The key.</param>
    /// <param name="grainClassNamePrefix">Picks among several classes of one interface by the start of the class's full name.</param>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;

    /// <summary>A reference by a grain's id.</summary>
    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable;
}
