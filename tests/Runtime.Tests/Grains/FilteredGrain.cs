using Orleans;

namespace Control.Runtime.Tests.Grains;

[Alias("test.filtered")]
public interface IFilteredGrain : IGrainWithStringKey
{
    [Alias("Answer")]
    Task<int> Answer();
}

/// <summary>Filters its own calls.</summary>
public sealed class FilteredGrain(Gates gates) : Grain, IFilteredGrain, IIncomingGrainCallFilter
{
    public Task<int> Answer()
    {
        gates.Note("method");
        return Task.FromResult(42);
    }

    public Task Invoke(IIncomingGrainCallContext context)
    {
        gates.Note("own filter");
        return context.Invoke();
    }
}
