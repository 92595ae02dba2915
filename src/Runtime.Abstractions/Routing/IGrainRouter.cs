using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>What a reference needs of the silo or client that made it.</summary>
internal interface IGrainRouter
{
    /// <summary>A reference to the grain by an interface.</summary>
    TGrainInterface GetReference<TGrainInterface>(GrainId grainId);
}
