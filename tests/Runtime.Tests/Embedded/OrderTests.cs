using Control.Runtime.Tests.Grains;

namespace Control.Runtime.Tests.Embedded;

/// <summary>More than Orleans promises, so nothing in Control may count on it.</summary>
public sealed class OrderTests : RuntimeTest
{
    [Fact]
    public async Task Call_ManyAtOnce_RunInTheOrderSent()
    {
        var grain = Grain<IScriptedGrain>();
        var calls = Enumerable.Range(0, 1000).Select(i => grain.Note($"{i}").AsTask()).ToArray();
        await Task.WhenAll(calls).WaitAsync(Limit);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"{i}"), Gates.Log);
    }
}
