using Control.Agent.Link;

namespace Control.Agent.Tests;

public sealed class GatewaysTests
{
    [Fact]
    public void Leave_OneOfThree_GoesRoundOnceForAllWhoUsedIt()
    {
        using var gateways = new Gateways([new Uri("https://a:1"), new Uri("https://b:2/prefix/"), new Uri("https://c:3")]);
        var (first, turned) = (gateways.Current, gateways.Turned);
        Assert.Equal(new Uri("https://a:1/api/v1/agent/"), first.Address);

        gateways.Leave(first);
        gateways.Leave(first);
        Assert.True(turned.IsCancellationRequested);
        Assert.False(gateways.Turned.IsCancellationRequested);
        Assert.Equal(new Uri("https://b:2/prefix/api/v1/agent/"), gateways.Current.Address);

        gateways.Leave(gateways.Current);
        gateways.Leave(gateways.Current);
        Assert.Equal(first.Address, gateways.Current.Address);
    }

    [Fact]
    public void Leave_TheOnlyOne_Stays()
    {
        using var gateways = new Gateways([new Uri("https://a:1")]);
        var turned = gateways.Turned;
        gateways.Leave(gateways.Current);
        Assert.Equal(0, gateways.Current.Turn);
        Assert.False(turned.IsCancellationRequested);
    }
}
