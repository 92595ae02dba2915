using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Grains;

[Alias("test.timer")]
public interface ITimerGrain : IGrainWithStringKey
{
    [Alias("Start")]
    Task Start(string name, TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);

    [Alias("Change")]
    Task Change(TimeSpan due, TimeSpan period);

    [Alias("Stop")]
    Task Stop();

    [Alias("Step")]
    Task Step(string name);

    [Alias("Ping")]
    Task Ping();
}

public sealed class TimerGrain(Gates gates) : Grain, ITimerGrain
{
    private IGrainTimer? _timer;
    private int _ticks;

    public Task Start(string name, TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        var options = new GrainTimerCreationOptions(due, period) { Interleave = interleave, KeepAlive = keepAlive };
        _timer = this.RegisterGrainTimer(TickAsync, name, options);
        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        _timer!.Change(due, period);
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public async Task Step(string name)
    {
        gates.Note(name + " begins");
        await gates.PassAsync(name);
        gates.Note(name + " ends");
    }

    public Task Ping() => Task.CompletedTask;

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gates.Note($"{this.GetPrimaryKeyString()} ends");
        return gates.PassAsync($"{this.GetPrimaryKeyString()} ends");
    }

    private async Task TickAsync(string name, CancellationToken token)
    {
        var tick = $"{name} {++_ticks}";
        gates.Note($"{tick} begins");

        // A turn of its own, which comes after the tick has ended if its gate is open already.
        _ = Task.Factory.StartNew(() => gates.PassAsync($"{tick} over"));
        await gates.PassAsync(tick);
        gates.Note($"{tick} ends{(token.IsCancellationRequested ? " cancelled" : "")}");
        if (name == "failing") throw new InvalidOperationException("The tick fails.");
    }
}
