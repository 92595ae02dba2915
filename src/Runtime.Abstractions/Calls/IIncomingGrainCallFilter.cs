namespace Orleans;

/// <summary>Runs around every call on the side of the grain called, within the grain's turns.</summary>
public interface IIncomingGrainCallFilter
{
    /// <summary>Acts, and calls <see cref="IGrainCallContext.Invoke"/> to go on.</summary>
    Task Invoke(IIncomingGrainCallContext context);
}
