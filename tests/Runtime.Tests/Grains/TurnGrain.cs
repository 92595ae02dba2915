using Orleans;

namespace Control.Runtime.Tests.Grains;

[Alias("test.turn")]
public interface ITurnGrain : IGrainWithStringKey
{
    [Alias("StaysOnScheduler")]
    Task<bool> StaysOnScheduler();
}

public sealed class TurnGrain : Grain, ITurnGrain
{
    public async Task<bool> StaysOnScheduler()
    {
        var scheduler = TaskScheduler.Current;
        var outside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.QueueUserWorkItem(_ => outside.SetResult());
        await outside.Task;
        var afterOutside = TaskScheduler.Current;
        var started = await Task.Factory.StartNew(() => TaskScheduler.Current);
        var onPool = await Task.Run(() => TaskScheduler.Current);
        return scheduler != TaskScheduler.Default && afterOutside == scheduler && started == scheduler && onPool == TaskScheduler.Default;
    }
}
