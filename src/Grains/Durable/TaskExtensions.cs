namespace Control.Grains.Durable;

internal static class TaskExtensions
{
    /// <summary>
    /// Lets a hint go its way: nothing depends on it, because whoever needs it finds the same fact in the store. Observes
    /// the exception so that it does not surface as unobserved.
    /// </summary>
    public static void Forget(this Task task)
    {
        if (!task.IsCompletedSuccessfully)
        {
            _ = task.ContinueWith(
                static completed => _ = completed.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }
}
