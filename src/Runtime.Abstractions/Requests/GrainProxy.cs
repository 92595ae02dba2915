using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>The base of the generated references, one class per grain interface.</summary>
public abstract class GrainProxy : GrainReference
{
    /// <summary>A reference to a grain.</summary>
    protected GrainProxy(GrainTarget target)
        : base(target.GrainId, target.Router)
    {
    }

    /// <summary>Sends a call.</summary>
    protected Task<TResult> Call<TResult>(GrainRequest<TResult> request)
    {
        request.Target = this;
        return Router.Call(request);
    }
}

/// <summary>What a reference is made of.</summary>
public readonly struct GrainTarget
{
    internal GrainTarget(GrainId grainId, IGrainRouter router)
    {
        GrainId = grainId;
        Router = router;
    }

    internal GrainId GrainId { get; }

    internal IGrainRouter Router { get; }
}
