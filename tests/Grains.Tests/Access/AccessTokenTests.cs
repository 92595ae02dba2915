namespace Control.Grains.Tests.Access;

public sealed class AccessTokenTests : IAsyncLifetime
{
    private World _world = null!;

    private IAccessTokenGrain Token => _world.Grain<IAccessTokenGrain>("t1");

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Create_Repeated_SameToken()
    {
        var made = World.Valid(await Token.Create(Command()));
        Assert.Equal(("t1", false), (made.Id, made.Revoked));
        Assert.Equivalent(made, World.Valid(await Token.Create(Command())));
        Assert.Equal("active", (await Token.Create(Command() with { SecretHash = "other" })).Refusal?.State);
    }

    [Fact]
    public async Task Revoke_Token_GoneForReadersAndNotMadeAgain()
    {
        World.Valid(await Token.Create(Command()));
        World.Valid(await Token.Revoke(World.Someone));
        Assert.Equal(RefusalKind.NotFound, (await Token.Revoke(World.Someone)).Refusal?.Kind);
        await _world.RestartSiloAsync();
        Assert.True((await _world.Commits.LoadAsync(new SubjectKey(SubjectKinds.Token, "t1")))!.Index.Deleted);
        Assert.True(World.Valid(await Token.Create(Command())).Revoked);
    }

    [Fact]
    public async Task Create_EverythingWrong_EveryFieldNamed()
    {
        var bad = new CreateToken("Bad Name", ["fly"], ["Bad"], _world.Clock.GetUtcNow(), "h", World.Someone);
        var refusal = (await Token.Create(bad)).Refusal!;
        Assert.Equal(["name", "scopes", "workspaces", "expiresAt"], refusal.Fields.Select(field => field.Field));
        var many = Command() with { Workspaces = [.. Enumerable.Range(0, 101).Select(i => $"w{i}")] };
        Assert.Equal("workspaces", Assert.Single((await Token.Create(many)).Refusal!.Fields).Field);
    }

    private CreateToken Command() => new("ci", [Scopes.Read], [], _world.Clock.GetUtcNow().AddDays(1), "hash", World.Someone);
}
