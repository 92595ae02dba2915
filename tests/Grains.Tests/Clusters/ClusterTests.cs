using System.Text;
using Control.Contracts;
using Control.Contracts.Clusters;
using Control.Contracts.Workspaces;
using Control.Storage.Secrets;
using Control.TestKit.Kubernetes;

namespace Control.Grains.Tests.Clusters;

public sealed class ClusterTests : IAsyncLifetime
{
    private World _world = null!;
    private FakeApiServer _server = null!;

    private IClusterGrain Cluster => _world.Grain<IClusterGrain>("prod");

    public async Task InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _world = await World.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _world.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Create_ClusterThatAnswers_ConnectedWithWhatWasSeen()
    {
        var created = World.Valid(await Cluster.Create(new CreateCluster("ours", Target(), World.Someone)));
        Assert.Equal((ClusterState.Pending, _server.Address, "token"), (created.State, created.Server, created.Credential));
        Assert.Equal("cluster-exists", (await Cluster.Create(new CreateCluster("", Target(), World.Someone))).Refusal?.Code);

        var checkedNow = World.Valid(await Cluster.Check());
        Assert.Equal(ClusterState.Connected, checkedNow.State);
        Assert.Empty(checkedNow.Reasons);
        var facts = checkedNow.Facts!;
        Assert.Equal(("v1.33.1", "linux/amd64", 4, 3, 3, 7), (facts.KubernetesVersion, facts.Platform, facts.Kinds, facts.Nodes, facts.ReadyNodes, facts.Namespaces));
        Assert.Equal(ClusterState.Connected, (await _world.ViewAsync<ClusterView>(Key))!.State);
    }

    [Fact]
    public async Task Check_ServerGone_DegradedThenDisconnectedThenBack()
    {
        await ConnectAsync();
        _server.Before = _ => Task.FromResult<int?>(503);
        Assert.Equal((ClusterState.Degraded, ClusterReasons.Failing), Of(World.Valid(await Cluster.Check())));
        Assert.Equal((ClusterState.Disconnected, ClusterReasons.Failing), Of(World.Valid(await Cluster.Check())));
        _server.Before = _ => Task.FromResult<int?>(null);
        Assert.Equal(ClusterState.Connected, World.Valid(await Cluster.Check()).State);
    }

    [Fact]
    public async Task Access_OnlyToWhoDoesNotKnowIt_AndNotOfAForgottenCluster()
    {
        await ConnectAsync();
        var first = World.Valid(await Cluster.Access(0));
        Assert.NotNull(first.Secret);
        Assert.Equal(new ClusterAccessGrant(first.Number, null), World.Valid(await Cluster.Access(first.Number)));

        World.Valid(await Cluster.ReplaceAccess(new ReplaceClusterAccess(Target(), World.Someone)));
        var second = World.Valid(await Cluster.Access(first.Number));
        Assert.True(second.Number > first.Number);
        Assert.NotEqual(first.Secret!.Sealed, second.Secret!.Sealed);

        World.Valid(await Cluster.Delete(World.Someone));
        Assert.Equal("not-found", (await Cluster.Access(second.Number)).Refusal?.Code);
    }

    [Fact]
    public async Task ReplaceAccess_CredentialRotated_NoDowntime()
    {
        _server.Tokens["good"] = true;
        await ConnectAsync();
        _server.Tokens["better"] = true;
        var replaced = World.Valid(await Cluster.ReplaceAccess(new ReplaceClusterAccess(Target("better"), World.Someone)));
        Assert.Equal(ClusterState.Connected, replaced.State);
        _server.Tokens.TryRemove("good", out _);
        Assert.Equal(ClusterState.Connected, World.Valid(await Cluster.Check()).State);

        _server.Tokens.Clear();
        _server.Tokens["other"] = true;
        Assert.Equal((ClusterState.Disconnected, ClusterReasons.Unauthorized), Of(World.Valid(await Cluster.Check())));
    }

    [Fact]
    public async Task Check_NodesNotReady_DegradedAtTheNextCloseLook()
    {
        await ConnectAsync();
        _server.ReadyNodes = 2;
        Assert.Equal(ClusterState.Connected, World.Valid(await Cluster.Check()).State);
        await _world.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((ClusterState.Degraded, ClusterReasons.NodesNotReady), Of(World.Valid(await Cluster.Check())));
    }

    [Fact]
    public async Task Restart_GoesOnAskingWithTheStoredAccess()
    {
        _server.Tokens["good"] = true;
        await ConnectAsync();
        await _world.RestartSiloAsync();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Before = _ =>
        {
            asked.TrySetResult();
            return Task.FromResult<int?>(null);
        };
        // Whoever adopts its row wakes it.
        await Cluster.Wake();
        await asked.Task.WaitAsync(World.Limit);
        Assert.Equal(ClusterState.Connected, World.Valid(await Cluster.Check()).State);
    }

    [Fact]
    public async Task Create_AccessOfAnotherCluster_CannotBeOpened()
    {
        var target = Target(sealedFor: "elsewhere");
        World.Valid(await Cluster.Create(new CreateCluster("", target, World.Someone)));
        Assert.Equal((ClusterState.Disconnected, ClusterReasons.AccessLost), Of(World.Valid(await Cluster.Check())));
    }

    [Fact]
    public async Task Delete_ForgetsTheCredential_AndTheNameIsFree()
    {
        await ConnectAsync();
        World.Valid(await Cluster.Delete(World.Someone));
        Assert.Null(await _world.ViewAsync<ClusterView>(Key));
        Assert.Equal("not-found", (await Cluster.Check()).Refusal?.Code);
        Assert.Equal("not-found", (await Cluster.Delete(World.Someone)).Refusal?.Code);
        Assert.DoesNotContain("sealed", (await _world.Commits.LoadChildAsync(Key, ClusterAccessSecret.Name))?.Document ?? "", StringComparison.Ordinal);

        World.Valid(await Cluster.Create(new CreateCluster("again", Target(), World.Someone)));
        Assert.Equal(ClusterState.Connected, World.Valid(await Cluster.Check()).State);
    }

    [Fact]
    public async Task Delete_WhileItIsAsked_WhoWaitsIsTold()
    {
        await ConnectAsync();
        var (asked, answer) = Hold();
        var check = Cluster.Check();
        await asked;
        World.Valid(await Cluster.Delete(World.Someone));
        Assert.Equal("not-found", (await check).Refusal?.Code);
        answer.SetResult(null);
    }

    [Fact]
    public async Task ReplaceAccess_TwoAtOnce_TheOneThatIsStoredIsUsed()
    {
        _server.Tokens["good"] = true;
        await ConnectAsync();
        var first = Cluster.ReplaceAccess(new ReplaceClusterAccess(Target("first"), World.Someone));
        var second = Cluster.ReplaceAccess(new ReplaceClusterAccess(Target("second"), World.Someone));
        World.Valid(await first);
        World.Valid(await second);

        // Whichever came last: from one silo to another they may overtake each other.
        var stored = ContractJson.Read<SealedSecret>((await _world.Commits.LoadChildAsync(Key, ClusterAccessSecret.Name))!.Document);
        var kubeconfig = Encoding.UTF8.GetString(_world.Service<SecretBox>().Open(stored.Sealed, ClusterAccessSecret.Context("prod")));
        _server.Tokens.Clear();
        _server.Tokens[kubeconfig.Contains("first", StringComparison.Ordinal) ? "first" : "second"] = true;
        Assert.Equal(ClusterState.Connected, World.Valid(await Cluster.Check()).State);
    }

    [Fact]
    public async Task Check_PagesWithoutEnd_UnreachableInTime()
    {
        _server.Before = async path =>
        {
            if (path == "/api/v1/nodes") _world.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            return null;
        };
        _server.EndlessNodes = true;
        World.Valid(await Cluster.Create(new CreateCluster("", Target(), World.Someone)));
        var view = World.Valid(await Cluster.Check());
        Assert.Equal((ClusterState.Disconnected, ClusterReasons.Unreachable), Of(view));
    }

    [Fact]
    public async Task Update_ByVersion_RefusedWhenAnotherOneWasFirst()
    {
        var view = await ConnectAsync();
        Assert.Equal("version-mismatch", (await Cluster.Update(new UpdateCluster("x", view.Version - 1, World.Someone))).Refusal?.Code);
        Assert.Equal("x", World.Valid(await Cluster.Update(new UpdateCluster("x", view.Version, World.Someone))).Description);
    }

    // The next question to the server is held until the source says how it is answered.
    private (Task Asked, TaskCompletionSource<int?> Answer) Hold()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource<int?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Before = _ =>
        {
            asked.TrySetResult();
            return answer.Task;
        };
        return (asked.Task.WaitAsync(World.Limit), answer);
    }

    private static SubjectKey Key => new(SubjectKinds.Cluster, "prod");

    private static (ClusterState, string) Of(ClusterView view) => (view.State, Assert.Single(view.Reasons).Code);

    private async Task<ClusterView> ConnectAsync()
    {
        World.Valid(await Cluster.Create(new CreateCluster("", Target(), World.Someone)));
        var view = World.Valid(await Cluster.Check());
        Assert.Equal(ClusterState.Connected, view.State);
        return view;
    }

    private ClusterTarget Target(string token = "good", string sealedFor = "prod")
    {
        var sealedAccess = _world.Service<SecretBox>().Seal(Encoding.UTF8.GetBytes(_server.Kubeconfig(token)), ClusterAccessSecret.Context(sealedFor));
        return new ClusterTarget(_server.Address, "token", null, new SealedSecret(ClusterAccessSecret.Name, SecretKind.Text, sealedAccess));
    }
}
