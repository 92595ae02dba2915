using System.Text;
using Control.Contracts;
using Control.Contracts.Workspaces;
using Control.Storage.Secrets;
using Control.TestKit;

namespace Control.Grains.Tests.Runs;

public sealed class SourceTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("control-source-").FullName;
    private World _world = null!;
    private GitHttpServer _git = null!;
    private string _commit = "";

    public async Task InitializeAsync()
    {
        _world = await World.StartAsync();
        Directory.CreateDirectory(Path.Combine(_folder, "files"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "files", "readme"), "hello");
        _commit = await GitHttpServer.PublishAsync(Path.Combine(_folder, "files"), Path.Combine(_folder, "repositories", "app.git"));
        _git = await GitHttpServer.StartAsync(Path.Combine(_folder, "repositories"), "user", "pass word");
    }

    public async Task DisposeAsync()
    {
        await _world.DisposeAsync();
        await _git.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Start_WithCredentials_CommitPinnedAndCheckedOut()
    {
        var run = await StartAsync("ref: main, credentials: git", Password("pass word"));
        var agent = await _world.AgentAsync();
        var job = await agent.TakeAsync();
        Assert.Equal(_commit, job.Checkout!.Commit);
        Assert.Equal(_commit, job.Env.Single(variable => variable.Name == "CONTROL_COMMIT").Value);
        Assert.Equal(_commit, (await _world.UntilRunAsync(run, RunState.Running)).Commit);
        Assert.DoesNotContain("pass word", ContractJson.Write(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_FullCommit_NeedsNoRepository()
    {
        var pipeline = await _world.PipelineAsync(
            $"source: {{ repository: \"https://nowhere.invalid/app.git\", ref: {_commit.ToUpperInvariant()} }}\n{Yaml.OneJob}");
        var run = await _world.RunAsync(pipeline);
        Assert.Equal(_commit, (await _world.UntilRunAsync(run, RunState.Running)).Commit);
    }

    [Theory]
    [InlineData("ref: main", "asks for credentials")]
    [InlineData("ref: nowhere, credentials: git", "no branch or tag 'nowhere'")]
    [InlineData("ref: main, credentials: wrong", "refused the credentials")]
    [InlineData("ref: main, credentials: missing", "'missing', which the source's credentials name, does not exist")]
    [InlineData("ref: main, credentials: key", "needs a secret of kind password")]
    [InlineData("ref: main, credentials: foreign", "'foreign', which the source's credentials name, cannot be opened")]
    public async Task Start_SourceNotToBeHad_RunFailsAndSaysWhy(string source, string message)
    {
        var run = await StartAsync(
            source,
            Password("pass word"),
            ("wrong", SecretKind.Password, new SecretValue(User: "user", Password: "no"), "wrong"),
            ("key", SecretKind.SshKey, new SecretValue(Text: "x"), "key"),
            ("foreign", SecretKind.Password, new SecretValue(User: "u", Password: "p"), "another-name"));
        var failed = await _world.UntilRunAsync(run, RunState.Failed);
        Assert.Equal(Reasons.SourceNotFound, failed.Reason);
        Assert.Contains(message, failed.Message, StringComparison.Ordinal);
        Assert.All(failed.Stages, stage => Assert.Equal(StageState.Skipped, stage.State));
    }

    [Fact]
    public async Task Start_CredentialsOfThePipeline_ComeBeforeTheWorkspaces()
    {
        var pipeline = await _world.PipelineAsync($"source: {{ repository: \"{_git.Url}/app.git\", credentials: git }}\n{Yaml.OneJob}");
        World.Valid(await _world.Grain<IWorkspaceGrain>("w").PutSecret(Put("no", SecretContext.Of("w", "git"))));
        World.Valid(await _world.Grain<IPipelineGrain>(pipeline.ToString()).PutSecret(Put("pass word", SecretContext.Of(pipeline, "git"))));
        Assert.Equal(_commit, (await _world.UntilRunAsync(await _world.RunAsync(pipeline), RunState.Running)).Commit);

        PutSecret Put(string password, string context) => new(
            new SealedSecret("git", SecretKind.Password, _world.Service<SecretBox>().Seal(Encoding.UTF8.GetBytes(ContractJson.Write(new SecretValue(User: "user", Password: password))), context)),
            World.Someone);
    }

    [Fact]
    public async Task Retry_AtOnceAfterTheSourceWasMissing_LookedUpAgain()
    {
        var run = await StartAsync("ref: later, credentials: git", Password("pass word"));
        await _world.UntilRunAsync(run, RunState.Failed);
        await GitHttpServer.Git(Path.Combine(_folder, "repositories", "app.git"), "branch", "later", "main");
        World.Valid(await _world.Run(run).Retry(World.Someone));
        Assert.Equal(_commit, (await _world.UntilRunAsync(run, RunState.Running)).Commit);
    }

    [Fact]
    public async Task Poke_RunWasPreparing_ResolvedByTheNextSilo()
    {
        var gate = _world.Calls.HoldNext("IRunGrain.SourceResolved");
        var asked = _world.Calls.Begun("IRunGrain.SourceResolved");
        var run = await StartAsync("ref: main, credentials: git", Password("pass word"));
        await asked;
        var stop = _world.StopSiloAsync();
        gate.SetException(new InvalidOperationException("The process dies here."));
        await stop;
        await _world.StartSiloAsync();
        Assert.Equal(RunState.Preparing, (await _world.ViewAsync<RunView>(World.Key(run)))!.State);
        await _world.Scheduler.Poke();
        Assert.Equal(_commit, (await _world.UntilRunAsync(run, RunState.Running)).Commit);
    }

    [Fact]
    public async Task Cancel_WhilePreparing_LateAnswerIsIgnored()
    {
        var gate = _world.Calls.HoldNext("IRunGrain.SourceResolved");
        var asked = _world.Calls.Begun("IRunGrain.SourceResolved");
        var run = await StartAsync("ref: main, credentials: git", Password("pass word"));
        await asked;
        Assert.Equal(RunState.Cancelled, World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone)).State);
        gate.SetResult();
        await _world.Run(run).SourceResolved(new SourceResolution(_commit, null));
        Assert.Equal(RunState.Cancelled, (await _world.ViewAsync<RunView>(World.Key(run)))!.State);
    }

    private static (string, SecretKind, SecretValue, string) Password(string password) =>
        ("git", SecretKind.Password, new SecretValue(User: "user", Password: password), "git");

    // Each secret with the name it is sealed as.
    private async Task<RunId> StartAsync(string source, params (string Name, SecretKind Kind, SecretValue Value, string SealedAs)[] secrets)
    {
        var pipeline = await _world.PipelineAsync($"source: {{ repository: \"{_git.Url}/app.git\", {source} }}\n{Yaml.OneJob}");
        foreach (var (name, kind, value, sealedAs) in secrets)
        {
            var box = _world.Service<SecretBox>().Seal(Encoding.UTF8.GetBytes(ContractJson.Write(value)), SecretContext.Of("w", sealedAs));
            World.Valid(await _world.Grain<IWorkspaceGrain>("w").PutSecret(new PutSecret(new SealedSecret(name, kind, box), World.Someone)));
        }

        return await _world.RunAsync(pipeline);
    }
}
