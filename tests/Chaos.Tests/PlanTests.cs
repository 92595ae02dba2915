using Control.Chaos.Plans;

namespace Control.Chaos.Tests;

/// <summary>A plan that leaves nobody alive tests nothing, and one that cannot be repeated explains nothing.</summary>
public sealed class PlanTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(3);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 100)];

    [Fact]
    public void Make_SameSeed_IsSamePlan() =>
        Assert.Equal(Plan.Make(7, Duration, Shape.Of(7)), Plan.Make(7, Duration, Shape.Of(7)));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Make_AnySeed_LeavesTwoNodesAndAGatewayAloneAndEndsInTime(int seed)
    {
        var shape = Shape.Of(seed);
        var plan = Plan.Make(seed, Duration, shape);
        Assert.All(plan, fault => Assert.InRange(Plan.End(fault), fault.At, Duration));
        foreach (var fault in plan)
        {
            var broken = plan.Where(other => other.IsOfNode && other.At <= fault.At && Plan.End(other) > fault.At).Select(other => other.Target).ToArray();
            Assert.Equal(broken.Distinct(), broken);
            Assert.InRange(broken.Length, 0, shape.Nodes - 2);
            Assert.True(broken.Count(node => node < shape.Gateways) < shape.Gateways);
            Assert.InRange(plan.Count(other => other.IsOfStores && other.At <= fault.At && Plan.End(other) > fault.At), 0, 1);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Make_ThreeMinutes_HasEveryKindAndPausesBeyondTheLease(int seed)
    {
        var plan = Plan.Make(seed, Duration, Shape.Of(seed));
        Assert.Equal(Enum.GetValues<FaultKind>(), plan.Select(fault => fault.Kind).Distinct().Order());
        Assert.All(plan.Where(fault => fault.Kind == FaultKind.PauseNode), pause => Assert.InRange(pause.Length.TotalSeconds, 11, 20));
    }
}
