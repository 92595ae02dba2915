namespace Orleans;

/// <summary>Runs around every call on the side of the caller.</summary>
public interface IOutgoingGrainCallFilter
{
    /// <summary>Acts, and calls <see cref="IGrainCallContext.Invoke"/> to go on.</summary>
    Task Invoke(IOutgoingGrainCallContext context);
}
