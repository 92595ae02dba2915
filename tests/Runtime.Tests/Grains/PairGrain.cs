using Orleans;

namespace Control.Runtime.Tests.Grains;

[Alias("test.pair")]
public interface IPairGrain : IGrainWithStringKey
{
    [Alias("Meet")]
    Task Meet();

    [Alias("Hear")]
    Task Hear();
}

/// <summary>Calls its partner, whose key is its own with + and - swapped, while it is being activated; waits for nothing.</summary>
public sealed class PairGrain : Grain, IPairGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        var partner = (key[0] == '+' ? '-' : '+') + key[1..];
        for (var i = 0; i < 20; i++)
        {
            _ = GrainFactory.GetGrain<IPairGrain>(partner).Hear();
            Thread.SpinWait(5_000);
        }

        return Task.CompletedTask;
    }

    public Task Meet() => Task.CompletedTask;

    public Task Hear() => Task.CompletedTask;
}
