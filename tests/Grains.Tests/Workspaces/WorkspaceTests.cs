using System.Text;
using Control.Contracts;
using Control.Contracts.Workspaces;
using Control.Storage.Secrets;

namespace Control.Grains.Tests.Workspaces;

public sealed class WorkspaceTests : IAsyncLifetime
{
    private const string Value = "correct horse battery staple";

    private World _world = null!;

    private IWorkspaceGrain Workspace => _world.Grain<IWorkspaceGrain>("w");

    private static SubjectKey Key => new(SubjectKinds.Workspace, "w");

    public async Task InitializeAsync()
    {
        _world = await World.StartAsync();
        World.Valid(await Workspace.Create(new CreateWorkspace("first", World.Someone)));
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Create_Twice_Conflict() =>
        Assert.Equal(RefusalKind.Conflict, (await Workspace.Create(new CreateWorkspace("again", World.Someone))).Refusal?.Kind);

    [Fact]
    public async Task Update_ByVersion_OnlyOnce()
    {
        Assert.Equal(2, World.Valid(await Workspace.Update(new UpdateWorkspace("second", 1, World.Someone))).Version);
        Assert.Equal(RefusalKind.VersionMismatch, (await Workspace.Update(new UpdateWorkspace("third", 1, World.Someone))).Refusal?.Kind);
        var view = (await _world.ViewAsync<WorkspaceView>(Key))!;
        Assert.Equal(("second", 2L), (view.Description, view.Version));
    }

    [Fact]
    public async Task Delete_WithPipelines_Refused()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        var refusal = (await Workspace.Delete(World.Someone)).Refusal;
        Assert.Equal((RefusalKind.Conflict, "workspace-not-empty"), (refusal?.Kind, refusal?.Code));
        World.Valid(await _world.Grain<IPipelineGrain>("w/p").Delete(null, World.Someone));
        World.Valid(await Workspace.Delete(World.Someone));
        Assert.Equal(RefusalKind.NotFound, (await Workspace.Delete(World.Someone)).Refusal?.Kind);
        Assert.Null(await _world.ViewAsync<WorkspaceView>(Key));
    }

    [Fact]
    public async Task PutSecret_Value_StoredSealedAndOpenedAgain()
    {
        await PutAsync("token");
        var row = (await _world.Commits.LoadChildAsync(Key, "token"))!;
        Assert.DoesNotContain(Value, row.Document + row.View, StringComparison.Ordinal);
        Assert.DoesNotContain("sealed", row.View, StringComparison.Ordinal);
        await _world.RestartSiloAsync();
        var secret = Assert.Single(await Workspace.GetSecrets(["token", "unknown"]));
        var box = _world.Service<SecretBox>();
        Assert.Equal(Value, ContractJson.Read<SecretValue>(Encoding.UTF8.GetString(box.Open(secret.Sealed, SecretContext.Of("w", "token")))).Text);
        Assert.Throws<ControlException>(() => box.Open(secret.Sealed, SecretContext.Of("w", "other")));
    }

    [Fact]
    public async Task DeleteSecret_Value_Removed()
    {
        await PutAsync("token");
        World.Valid(await Workspace.DeleteSecret("token", World.Someone));
        await AssertGoneAsync("token");
        Assert.Equal(RefusalKind.NotFound, (await Workspace.DeleteSecret("token", World.Someone)).Refusal?.Kind);
        await PutAsync("token");
        Assert.Single(await Workspace.GetSecrets(["token"]));
    }

    [Fact]
    public async Task Delete_WithSecrets_ValuesRemovedAndNotBackInANewWorkspace()
    {
        await PutAsync("token");
        World.Valid(await Workspace.Delete(World.Someone));
        await AssertGoneAsync("token");
        World.Valid(await Workspace.Create(new CreateWorkspace("new", World.Someone)));
        Assert.Empty(await Workspace.GetSecrets(["token"]));
    }

    [Fact]
    public async Task PutSecret_TooLargeOrTooMany_Refused()
    {
        var large = new SealedSecret("large", SecretKind.Text, [.. new byte[70 * 1024 + 1]]);
        Assert.Equal(RefusalKind.BadRequest, (await Workspace.PutSecret(new PutSecret(large, World.Someone))).Refusal?.Kind);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => PutAsync($"s{i}")));
        var refused = await Workspace.PutSecret(new PutSecret(Seal("one-more"), World.Someone));
        Assert.Equal(RefusalKind.LimitReached, refused.Refusal?.Kind);
        await PutAsync("s7");
    }

    [Fact]
    public async Task Commit_OvertakenByAnother_NextCallIsFresh()
    {
        await _world.OvertakeAsync(Key);
        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(() => Workspace.Update(new UpdateWorkspace("x", null, World.Someone)));
        Assert.Equal(3, World.Valid(await Workspace.Update(new UpdateWorkspace("y", 2, World.Someone))).Version);
    }

    private async Task AssertGoneAsync(string secret)
    {
        var row = (await _world.Commits.LoadChildAsync(Key, secret))!;
        Assert.Equal((ChildStates.Deleted, "{}", null), (row.State, row.Document, row.View));
        Assert.Empty(await Workspace.GetSecrets([secret]));
    }

    private async Task PutAsync(string name) => World.Valid(await Workspace.PutSecret(new PutSecret(Seal(name), World.Someone)));

    private SealedSecret Seal(string name) => new(
        name,
        SecretKind.Text,
        _world.Service<SecretBox>().Seal(Encoding.UTF8.GetBytes(ContractJson.Write(new SecretValue(Text: Value))), SecretContext.Of("w", name)));
}
