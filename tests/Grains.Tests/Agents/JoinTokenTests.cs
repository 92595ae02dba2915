namespace Control.Grains.Tests.Agents;

public sealed class JoinTokenTests : IAsyncLifetime
{
    private static readonly string Secret = new('s', 64);

    private World _world = null!;

    private IJoinTokenGrain Token => _world.Grain<IJoinTokenGrain>("t1");

    public async Task InitializeAsync()
    {
        _world = await World.StartAsync();
        World.Valid(await Token.Create(new CreateJoinToken(Secret, _world.Clock.GetUtcNow().AddHours(1), World.Someone)));
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Redeem_Twice_SameCredentialSameAgentOtherCredentialRefused()
    {
        var agent = World.Valid(await Token.Redeem(Secret, Agent("builder")));
        Assert.StartsWith("builder-", agent.Id.Value, StringComparison.Ordinal);
        Assert.Equal((AgentState.Unknown, 2), (agent.State, agent.Capacity));
        _world.Clock.Advance(TimeSpan.FromHours(2));
        await _world.RestartSiloAsync();
        Assert.Equal(agent.Id, World.Valid(await Token.Redeem(Secret, Agent("builder"))).Id);
        Assert.Equal(RefusalKind.Forbidden, (await Token.Redeem(Secret, Agent("builder", 'x'))).Refusal?.Kind);
    }

    [Fact]
    public async Task Redeem_DiesBeforeTheAgentIsRegistered_RepeatMakesTheSameAgent()
    {
        _world.Calls.FailNext("IAgentGrain.Register");
        await Assert.ThrowsAsync<ControlException>(() => Token.Redeem(Secret, Agent("builder")));
        await _world.RestartSiloAsync();
        var first = World.Valid(await Token.Redeem(Secret, Agent("builder")));
        Assert.Equal(first.Id, World.Valid(await Token.Redeem(Secret, Agent("builder"))).Id);
    }

    [Fact]
    public async Task Redeem_ExpiredUnknownOrWrongSecret_RefusedAlike()
    {
        var wrong = (await Token.Redeem(new string('x', 64), Agent("a"))).Refusal;
        var unknown = (await _world.Grain<IJoinTokenGrain>("t2").Redeem(Secret, Agent("a"))).Refusal;
        _world.Clock.Advance(TimeSpan.FromHours(1));
        var expired = (await Token.Redeem(Secret, Agent("a"))).Refusal;
        Assert.Equal(RefusalKind.Forbidden, expired?.Kind);
        Assert.Equal((expired!.Code, expired.Message), (wrong!.Code, wrong.Message));
        Assert.Equal((expired.Code, expired.Message), (unknown!.Code, unknown.Message));
    }

    [Fact]
    public async Task Redeem_BadAgent_EveryFieldNamedAndTheTokenStaysGood()
    {
        var bad = new RegisterAgent("Not A Name", ["UPPER"], 0, new string('a', 64), "1.0", World.Someone);
        var refusal = (await Token.Redeem(Secret, bad)).Refusal!;
        Assert.Equal(["name", "labels", "capacity"], refusal.Fields.Select(field => field.Field));
        Assert.Contains((await Token.Redeem(Secret, bad with { Labels = default })).Refusal!.Fields, field => field.Field == "labels");
        World.Valid(await Token.Redeem(Secret, Agent("good")));
    }

    [Fact]
    public async Task Create_SameIdOtherSecret_Conflict()
    {
        var command = new CreateJoinToken(Secret, _world.Clock.GetUtcNow().AddHours(1), World.Someone);
        World.Valid(await Token.Create(command));
        Assert.Equal(RefusalKind.Conflict, (await Token.Create(command with { SecretHash = new string('x', 64) })).Refusal?.Kind);
    }

    private static RegisterAgent Agent(string name, char credential = 'c') => new(name, ["linux"], 2, new string(credential, 64), "1.0", World.Someone);
}
