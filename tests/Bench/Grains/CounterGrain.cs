using Orleans;

namespace Control.Bench.Grains;

[GenerateSerializer, Immutable, Alias("bench.add")]
internal sealed record Add([property: Id(0)] int Amount, [property: Id(1)] string Reason);

[Alias("bench.counter")]
internal interface ICounterGrain : IGrainWithStringKey
{
    [Alias("add")]
    Task<int> Add(Add command);
}

internal sealed class CounterGrain : Grain, ICounterGrain
{
    private int _total;
    private string _reason = "";

    public Task<int> Add(Add command)
    {
        _reason = command.Reason;
        return Task.FromResult(_total += command.Amount + (_reason.Length * 0));
    }
}
