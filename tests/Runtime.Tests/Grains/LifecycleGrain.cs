using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Grains;

[Alias("test.lifecycle")]
public interface ILifecycleGrain : IGrainWithStringKey
{
    [Alias("Ping")]
    Task<int> Ping();

    [Alias("Step")]
    Task Step(string name);

    [Alias("End")]
    Task End();

    [Alias("Delay")]
    Task Delay(TimeSpan time);

    [Alias("CallOther")]
    Task CallOther(string key);
}

/// <summary>Counts its incarnations in the gates' log; keys that begin with "fail" or "slow" make its activation fail or wait.</summary>
public sealed class LifecycleGrain : Grain, ILifecycleGrain, IDisposable
{
    private readonly Gates _gates;
    private int _pings;

    public LifecycleGrain(Gates gates)
    {
        _gates = gates;
        if (this.GetPrimaryKeyString() == "bad-constructor") throw new InvalidOperationException("The constructor fails.");
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        _gates.Note($"{key} activates");
        if (key.StartsWith("slow", StringComparison.Ordinal)) await _gates.PassAsync($"{key} activation");
        if (key.StartsWith("fail", StringComparison.Ordinal) && _gates.Log.Count(line => line == $"{key} activates") == 1)
        {
            throw new InvalidOperationException("The activation fails.");
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        _gates.Note($"{key} deactivates: {reason.ReasonCode}");
        if (key.StartsWith("stay", StringComparison.Ordinal)) await _gates.PassAsync($"{key} deactivation");
    }

    public void Dispose() => _gates.Note($"{this.GetPrimaryKeyString()} disposed");

    public Task<int> Ping() => Task.FromResult(++_pings);

    public Task Step(string name) => _gates.PassAsync(name);

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Delay(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    public Task CallOther(string key) => GrainFactory.GetGrain<ILifecycleGrain>(key).Ping();
}
