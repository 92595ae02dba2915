using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>What a reference needs of the silo or client that made it.</summary>
internal interface IGrainRouter
{
    /// <summary>A reference to the grain by an interface.</summary>
    TGrainInterface GetReference<TGrainInterface>(GrainId grainId);

    /// <summary>Sends a call and gives its answer. Never throws: a fault is in the task.</summary>
    Task<TResult> Call<TResult>(GrainRequest<TResult> request);
}
