namespace Orleans.Runtime;

/// <summary>A timer of a grain. It ends with the activation.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets when the timer ticks next.</summary>
    /// <param name="dueTime">Until the next tick; <see cref="Timeout.InfiniteTimeSpan"/> for not yet.</param>
    /// <param name="period">From the end of one tick to the next; <see cref="Timeout.InfiniteTimeSpan"/> for one tick only.</param>
    void Change(TimeSpan dueTime, TimeSpan period);
}
