using Control.Contracts.Access;
using Control.Contracts.Clusters;
using Control.Contracts.Workspaces;
using Control.Engine.Clusters;

namespace Control.Engine.Tests.Clusters;

public sealed class ClusterModelTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Actor Someone = new(ActorKind.Token, "t", "someone");
    private static readonly ClusterReason Gone = new(ClusterReasons.Unreachable, "gone");

    [Fact]
    public void States_Numbers_ArePinned() =>
        Assert.Equal("Invalid=0 Pending=1 Connecting=2 Connected=3 Degraded=4 Disconnected=5", string.Join(' ', Enum.GetValues<ClusterState>().Select(state => $"{state}={(int)state}")));

    // c: about to be asked, a: answers, f: no answer, d: a definite no, r: another access, s: a slow answer, x: an answer to the access before
    [Theory]
    [InlineData("", ClusterState.Pending, 10)]
    [InlineData("c", ClusterState.Connecting, 10)]
    [InlineData("ca", ClusterState.Connected, 10)]
    [InlineData("cac", ClusterState.Connected, 10)]
    [InlineData("cs", ClusterState.Degraded, 10)]
    [InlineData("csa", ClusterState.Connected, 10)]
    [InlineData("cf", ClusterState.Disconnected, 2)]
    [InlineData("cd", ClusterState.Disconnected, 2)]
    [InlineData("caf", ClusterState.Degraded, 2)]
    [InlineData("caff", ClusterState.Disconnected, 10)]
    [InlineData("cafffff", ClusterState.Disconnected, 10)]
    [InlineData("caffffff", ClusterState.Disconnected, 30)]
    [InlineData("cafa", ClusterState.Connected, 10)]
    [InlineData("cafaf", ClusterState.Degraded, 2)]
    [InlineData("cad", ClusterState.Disconnected, 2)]
    [InlineData("cada", ClusterState.Connected, 10)]
    [InlineData("car", ClusterState.Connected, 10)]
    [InlineData("carf", ClusterState.Degraded, 2)]
    [InlineData("cfr", ClusterState.Connecting, 10)]
    [InlineData("cfra", ClusterState.Connected, 10)]
    [InlineData("carx", ClusterState.Connected, 10)]
    [InlineData("cfrx", ClusterState.Connecting, 10)]
    public void Events_OneAfterTheOther_StateAndWhenNext(string events, ClusterState state, int seconds)
    {
        var model = events.Aggregate(New(), Apply);
        Assert.Equal((state, TimeSpan.FromSeconds(seconds)), (model.State, model.CheckAfter));
        Assert.Equal(state is ClusterState.Degraded or ClusterState.Disconnected, !model.Reasons.IsEmpty);
    }

    [Fact]
    public void ChangedAt_OnlyWhenTheStateChanges()
    {
        var model = New().Asked(T0.AddSeconds(1)).Report(Answer(1), T0.AddSeconds(2)).Report(Answer(1), T0.AddSeconds(3));
        Assert.Equal(T0.AddSeconds(2), model.ChangedAt);
        Assert.Equal(T0.AddSeconds(4), model.Report(Failure(1), T0.AddSeconds(4)).ChangedAt);
    }

    [Fact]
    public void Reasons_AllThatIsWrong_InOrder()
    {
        var model = New() with { CredentialUntil = T0.AddDays(14) };
        model = model.Report(new ClusterReport(1, Facts with { ReadyNodes = 1, UnavailableApis = ["metrics.k8s.io/v1beta1"], LatencyMilliseconds = 2000 }, null, false), T0);
        Assert.Equal(
            [ClusterReasons.CredentialEnding, ClusterReasons.NodesNotReady, ClusterReasons.ApiUnavailable, ClusterReasons.Slow], model.Reasons.Select(reason => reason.Code));
        Assert.Contains("2 of its 3 nodes", model.Reasons[1].Message, StringComparison.Ordinal);
        // Who may not see nodes does not know.
        Assert.Equal(ClusterState.Connected, New().Report(new ClusterReport(1, Facts with { Nodes = null, ReadyNodes = null }, null, false), T0).State);
    }

    [Fact]
    public void DiffersFrom_WhatIsWorthWritingDown()
    {
        var model = New().Report(Answer(1), T0);
        Assert.False(model.Report(new ClusterReport(1, Facts with { At = T0.AddMinutes(1), LatencyMilliseconds = 1500 }, null, false), T0).DiffersFrom(model));
        Assert.True(model.Report(new ClusterReport(1, Facts with { At = T0.AddMinutes(5) }, null, false), T0).DiffersFrom(model));
        Assert.True(model.Report(new ClusterReport(1, Facts with { Namespaces = 8 }, null, false), T0).DiffersFrom(model));
        Assert.True(model.Report(new ClusterReport(1, Facts with { UnavailableApis = ["x"] }, null, false), T0).DiffersFrom(model));
        Assert.True(model.Report(Failure(1), T0).DiffersFrom(model));
        var gone = model.Report(Failure(1), T0).Report(Failure(1), T0);
        Assert.False(gone.Report(Failure(1), T0).DiffersFrom(gone));
        Assert.True(gone.Report(new ClusterReport(1, null, new ClusterReason(ClusterReasons.Unauthorized, "no"), true), T0).DiffersFrom(gone));
    }

    private static ClusterFacts Facts => new(T0, "v1.33.1", "linux/amd64", 70, 3, 3, 7, 12, []);

    private static ClusterModel New() => ClusterModel.Create(new CreateCluster("", Target, Someone), T0);

    private static ClusterTarget Target => new("https://c", "token", null, new SealedSecret("x", SecretKind.Text, []));

    private static ClusterModel Apply(ClusterModel model, char what) => what switch
    {
        'c' => model.Asked(T0),
        'a' => model.Report(Answer(model.Access), T0),
        's' => model.Report(new ClusterReport(model.Access, Facts with { LatencyMilliseconds = 5000 }, null, false), T0),
        'f' => model.Report(Failure(model.Access), T0),
        'd' => model.Report(Failure(model.Access) with { IsDefinite = true }, T0),
        'r' => model.Replace(Target, T0),
        'x' => model.Report(Failure(model.Access - 1), T0),
        _ => throw new ArgumentException($"{what}"),
    };

    private static ClusterReport Answer(long access) => new(access, Facts, null, false);

    private static ClusterReport Failure(long access) => new(access, null, Gone, false);
}
