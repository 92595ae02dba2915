using Control.Contracts.Runtime;
using Control.Engine.Runtime;

namespace Control.Engine.Tests.Runtime;

public sealed class SiloMachineTests
{
    // Each line: what happens, the state found, what is written and told. Nothing stands for no row, or for nothing to write.
    [Theory]
    [InlineData("renew", null, SiloState.Active, "silo.joined")]
    [InlineData("renew", SiloState.Active, SiloState.Active, null)]
    [InlineData("renew", SiloState.Leaving, SiloState.Active, null)]
    [InlineData("renew", SiloState.Lost, SiloState.Active, "silo.back")]
    [InlineData("renew", SiloState.Gone, null, null)]
    [InlineData("renew, leaving", null, SiloState.Leaving, "silo.joined")]
    [InlineData("renew, leaving", SiloState.Active, SiloState.Leaving, null)]
    [InlineData("renew, leaving", SiloState.Leaving, SiloState.Leaving, null)]
    [InlineData("renew, leaving", SiloState.Lost, SiloState.Leaving, "silo.back")]
    [InlineData("renew, leaving", SiloState.Gone, null, null)]
    [InlineData("leave", null, null, null)]
    [InlineData("leave", SiloState.Active, SiloState.Gone, "silo.left")]
    [InlineData("leave", SiloState.Leaving, SiloState.Gone, "silo.left")]
    [InlineData("leave", SiloState.Lost, SiloState.Gone, "silo.left")]
    [InlineData("leave", SiloState.Gone, null, null)]
    [InlineData("give up", SiloState.Active, SiloState.Lost, "silo.lost")]
    [InlineData("give up", SiloState.Leaving, SiloState.Lost, "silo.lost")]
    [InlineData("give up", SiloState.Lost, null, null)]
    [InlineData("give up", SiloState.Gone, null, null)]
    public void Step_FromEveryState_IsThatOfTheTable(string what, SiloState? found, SiloState? next, string? told)
    {
        var step = what switch
        {
            "renew" => SiloMachine.Renew(found, isLeaving: false),
            "renew, leaving" => SiloMachine.Renew(found, isLeaving: true),
            "leave" => SiloMachine.Leave(found),
            _ => SiloMachine.GiveUp(found!.Value),
        };
        Assert.Equal((next, told), (step?.State, step?.Event));
    }

    [Theory]
    [InlineData(SiloState.Gone, 24, true)]
    [InlineData(SiloState.Lost, 24, true)]
    [InlineData(SiloState.Gone, 23.9, false)]
    [InlineData(SiloState.Lost, 23.9, false)]
    [InlineData(SiloState.Active, 1000, false)]
    [InlineData(SiloState.Leaving, 1000, false)]
    public void IsForgotten_ADayAfterTheEnd(SiloState state, double hours, bool expected) =>
        Assert.Equal(expected, SiloMachine.IsForgotten(state, TimeSpan.FromHours(hours)));

    [Fact]
    public void States_KeepTheirNumbers() => Assert.Equal(
        ["0 Invalid", "1 Active", "2 Leaving", "3 Gone", "4 Lost"], Enum.GetValues<SiloState>().Select(state => $"{(int)state} {state}"));
}
