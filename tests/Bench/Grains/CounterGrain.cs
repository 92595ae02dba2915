using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Control.Bench.Grains;

[GenerateSerializer, Immutable, Alias("bench.add")]
internal sealed record Add([property: Id(0)] int Amount, [property: Id(1)] string Reason);

[Alias("bench.counter")]
internal interface ICounterGrain : IGrainWithStringKey
{
    [Alias("add")]
    Task<int> Add(Add command);

    [Alias("where")]
    Task<string> Where();
}

/// <summary>Names a silo.</summary>
internal sealed record Place(string Name);

internal sealed class CounterGrain(IServiceProvider services) : Grain, ICounterGrain
{
    private int _total;
    private string _reason = "";

    public Task<int> Add(Add command)
    {
        _reason = command.Reason;
        return Task.FromResult(_total += command.Amount + (_reason.Length * 0));
    }

    public Task<string> Where() => Task.FromResult(services.GetRequiredService<Place>().Name);
}
