using Control.Contracts.Workspaces;
using Orleans.Runtime;

namespace Control.Grains.Tests.Pipelines;

public sealed class PipelineTests : IAsyncLifetime
{
    private World _world = null!;

    private IPipelineGrain Pipeline => _world.Grain<IPipelineGrain>("w/p");

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Start_ManyAtOnce_NumbersWithoutGapsInFewCommits_AndOneRunForEachOperation()
    {
        var pipeline = _world.Grain<IPipelineGrain>(await _world.PipelineAsync(Yaml.OneJob));
        // Whatever came first holds up the others, which then go together.
        var making = _world.Calls.HoldNext("IWorkspaceGrain.GetLimits");
        var begun = _world.Calls.Begun("IWorkspaceGrain.GetLimits");
        var first = pipeline.Start(World.Start("0"));
        await begun;
        var others = Enumerable.Range(0, 80).Select(i => pipeline.Start(World.Start($"{i % 60}"))).ToList();
        var wrong = pipeline.Start(World.Start("wrong") with { Ref = "main" });
        making.SetResult();

        var answers = (await Task.WhenAll([first, .. others])).Select(World.Valid).ToList();

        Assert.Equal(Enumerable.Range(1, 60).Select(i => (long)i), answers.Select(answer => answer.Run.Number).Distinct().Order());
        Assert.Equal(60, answers.Count(answer => !answer.Repeated));
        Assert.Equal(answers.Take(21).Select(answer => answer.Run), [answers[0].Run, .. answers.TakeLast(20).Select(answer => answer.Run)]);
        Assert.Equal("bad-start", (await wrong).Refusal?.Code);
        foreach (var answer in answers) Assert.NotNull(await _world.Commits.LoadAsync(World.Key(answer.Run)));
        // One by one it would be 62. How many come together depends on how fast they arrive.
        Assert.InRange((await _world.Commits.LoadAsync(new SubjectKey(SubjectKinds.Pipeline, "w/p")))!.Version, 2, 40);
    }

    [Fact]
    public async Task Start_RunBeforeItNotMadeYet_IsNotWaitedFor_AndItsRepeatMakesNoSecond()
    {
        var pipeline = _world.Grain<IPipelineGrain>(await _world.PipelineAsync(Yaml.OneJob));
        var making = _world.Calls.HoldNext("IRunGrain.Create");
        var begun = _world.Calls.Begun("IRunGrain.Create");
        var first = pipeline.Start(World.Start("first"));
        await begun;

        var second = World.Valid(await pipeline.Start(World.Start("second")));
        Assert.Equal((2, false), (second.Run.Number, second.Repeated));
        Assert.NotNull(await _world.Commits.LoadAsync(World.Key(second.Run)));

        var repeat = pipeline.Start(World.Start("first"));
        var third = World.Valid(await pipeline.Start(World.Start("third")));
        Assert.False(first.IsCompleted || repeat.IsCompleted);
        making.SetResult();
        Assert.Equal((1, false), (World.Valid(await first).Run.Number, World.Valid(await first).Repeated));
        Assert.Equal((1, true), (World.Valid(await repeat).Run.Number, World.Valid(await repeat).Repeated));
        Assert.Equal((3, 3), (third.Run.Number, _world.Calls.Count("IRunGrain.Create")));
    }

    [Fact]
    public async Task Start_AThousandWait_OneMoreIsRefused_AndThoseWhoseCallersGaveUpAreNotCarriedOut()
    {
        var pipeline = _world.Grain<IPipelineGrain>(await _world.PipelineAsync(Yaml.OneJob));
        var asking = _world.Calls.HoldNext("IWorkspaceGrain.GetLimits");
        var begun = _world.Calls.Begun("IWorkspaceGrain.GetLimits");
        var first = pipeline.Start(World.Start("first"));
        await begun;
        var arrived = _world.Calls.Begun("IPipelineGrain.Start", 1000);
        var waiting = Enumerable.Range(0, 1000).Select(i => pipeline.Start(World.Start($"{i}"))).ToList();
        await arrived;

        var refused = await Assert.ThrowsAsync<LimitExceededException>(() => pipeline.Start(World.Start("one too many")));
        Assert.Contains("1000 starts of w/p wait already", refused.Message, StringComparison.Ordinal);

        _world.Clock.Advance(TimeSpan.FromSeconds(31));
        foreach (var start in waiting.Append(first)) await Assert.ThrowsAsync<TimeoutException>(() => start);
        asking.SetResult();
        Assert.Equal(1, World.Valid(await pipeline.Start(World.Start("after"))).Run.Number);
    }

    [Fact]
    public async Task Start_RunsCannotBeMade_RefusedOnceThoseAcceptedFillTheDocument_AndAllAreMadeInTheEnd()
    {
        // As much as a start may say: after 20 of them there would be more than a document holds.
        var names = Enumerable.Range(0, 50).Select(i => $"P{i}").ToList();
        var pipeline = _world.Grain<IPipelineGrain>(await _world.PipelineAsync(
            $"parameters:\n{string.Concat(names.Select(name => $"  {name}: {{ default: '' }}\n"))}{Yaml.OneJob}"));
        var said = names.ToImmutableDictionary(name => name, _ => new string('x', 4096));
        for (var i = 0; i < 1000; i++) _world.Calls.FailNext("IRunGrain.Create");

        var accepted = new List<string>();
        for (var i = 0; i < 25; i++)
        {
            var fault = await Record.ExceptionAsync(() => pipeline.Start(World.Start($"{i}") with { Parameters = said }));
            if (fault is ControlException { Code: "injected" }) accepted.Add($"{i}");
            else Assert.Contains("whose runs cannot be made at present", Assert.IsType<LimitExceededException>(fault).Message, StringComparison.Ordinal);
        }

        Assert.Equal(["0", "1"], accepted);
        _world.Calls.Clear();
        Assert.Equal(3, World.Valid(await pipeline.Start(World.Start("after") with { Parameters = said })).Run.Number);
        foreach (var number in Enumerable.Range(1, 3)) Assert.NotNull(await _world.Commits.LoadAsync(World.Key(new RunId(PipelineId.Parse("w/p"), number))));
    }

    [Fact]
    public async Task Start_SameOperation_SameRunAlsoAfterARestart()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        var first = World.Valid(await Pipeline.Start(World.Start("op")));
        Assert.False(first.Repeated);
        Assert.Equal(new RunStarted(first.Run, true), World.Valid(await Pipeline.Start(World.Start("op"))));
        await _world.RestartSiloAsync();
        Assert.Equal(new RunStarted(first.Run, true), World.Valid(await Pipeline.Start(World.Start("op"))));
        Assert.Equal(2, World.Valid(await Pipeline.Start(World.Start("other"))).Run.Number);
    }

    [Fact]
    public async Task Start_ManyAtOnce_NumbersWithoutGapsAndOneRunPerOperation()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        var started = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => Pipeline.Start(World.Start($"op{i % 10}"))));
        var numbers = started.Select(start => World.Valid(start).Run.Number).Distinct().Order();
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (long)i), numbers);
        Assert.Equal(20, started.Count(start => start.Value!.Repeated));
    }

    [Fact]
    public async Task Start_MoreThanRemembered_DocumentStaysSmall()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        for (var i = 1; i <= 103; i++)
        {
            World.Valid(await Pipeline.Start(World.Start($"op{i}")));
        }

        var document = (await _world.Commits.LoadAsync(new SubjectKey(SubjectKinds.Pipeline, "w/p")))!.Document;
        Assert.Equal(100, document.Split("\"operationId\"").Length - 1);
        Assert.Equal(1, document.Split("\"pending\"").Length - 1);
        Assert.True(World.Valid(await Pipeline.Start(World.Start("op4"))).Repeated);
    }

    [Fact]
    public async Task Start_Wrong_EveryFieldNamed()
    {
        await _world.PipelineAsync("parameters: { N: { type: number } }\n" + Yaml.OneJob);
        var bad = new StartRun(ImmutableDictionary<string, string>.Empty.Add("X", "1"), "main", "", World.Someone, null);
        var fields = (await Pipeline.Start(bad)).Refusal!.Fields.Select(field => field.Field).ToList();
        Assert.Contains("operationId", fields);
        Assert.Contains("ref", fields);
        Assert.Equal(4, fields.Count);
        Assert.Equal(RefusalKind.NotFound, (await _world.Grain<IPipelineGrain>("w/none").Start(World.Start("op"))).Refusal?.Kind);
    }

    [Fact]
    public async Task Delete_WithUnfinishedRun_RefusedThenNumbersGoOnAfterCreation()
    {
        var run = await _world.RunAsync(Yaml.OneJob);
        var refusal = (await Pipeline.Delete(null, World.Someone)).Refusal;
        Assert.Equal((RefusalKind.Conflict, "pipeline-has-runs"), (refusal?.Kind, refusal?.Code));
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        World.Valid(await Pipeline.Delete(null, World.Someone));
        Assert.Equal(RefusalKind.NotFound, (await Pipeline.Start(World.Start("op"))).Refusal?.Kind);
        await _world.RestartSiloAsync();
        Assert.Equal(2, (await _world.RunAsync(Yaml.OneJob)).Number);
    }

    [Fact]
    public async Task Put_ByVersion_RefusedWhenAnotherOneWasFirst()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        var put = new PutPipeline(Yaml.TwoStages, 1, false, World.Someone);
        Assert.Equal((2, 2), (World.Valid(await Pipeline.Put(put)) is var view ? view.DefinitionVersion : 0, view.Version));
        Assert.Equal(RefusalKind.VersionMismatch, (await Pipeline.Put(put)).Refusal?.Kind);
        Assert.Equal(RefusalKind.VersionMismatch, (await Pipeline.Put(put with { ExpectedVersion = null, CreateOnly = true })).Refusal?.Kind);
        Assert.Equal(RefusalKind.VersionMismatch, (await Pipeline.Delete(1, World.Someone)).Refusal?.Kind);
        Assert.Equal(RefusalKind.BadRequest, (await Pipeline.Put(put with { Text = "stages: []", ExpectedVersion = null })).Refusal?.Kind);
    }

    [Fact]
    public async Task Put_WithoutWorkspace_Refused() =>
        Assert.Equal(RefusalKind.NotFound, (await Pipeline.Put(new PutPipeline(Yaml.OneJob, null, false, World.Someone))).Refusal?.Kind);

    [Fact]
    public async Task PutSecret_OfAPipeline_IsItsOwnAndGoesWithIt()
    {
        var secret = new SealedSecret("0000000001", SecretKind.Text, [1, 2, 3]);
        Assert.Equal(RefusalKind.NotFound, (await Pipeline.PutSecret(new PutSecret(secret, World.Someone))).Refusal?.Kind);
        await _world.PipelineAsync(Yaml.OneJob);
        World.Valid(await Pipeline.PutSecret(new PutSecret(secret, World.Someone)));
        World.Valid(await Pipeline.PutSecret(new PutSecret(secret with { Name = "second" }, World.Someone)));
        await _world.RestartSiloAsync();
        Assert.Equal(secret.Sealed.AsEnumerable(), Assert.Single(await Pipeline.GetSecrets(["0000000001", "unknown"])).Sealed.AsEnumerable());
        Assert.Empty(await _world.Grain<IWorkspaceGrain>("w").GetSecrets(["0000000001"]));
        // The definition, whose row has that key, is still there.
        await _world.RunAsync(new PipelineId("w", "p"));

        World.Valid(await Pipeline.DeleteSecret("second", World.Someone));
        Assert.Equal(RefusalKind.NotFound, (await Pipeline.DeleteSecret("second", World.Someone)).Refusal?.Kind);
        Assert.Empty(await Pipeline.GetSecrets(["second"]));
    }

    [Fact]
    public async Task Delete_WithSecrets_ValuesAreRemovedAndNotBackInANewPipeline()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        World.Valid(await Pipeline.PutSecret(new PutSecret(new SealedSecret("token", SecretKind.Text, [1, 2, 3]), World.Someone)));
        World.Valid(await Pipeline.Delete(null, World.Someone));
        var row = (await _world.Commits.LoadChildAsync(new SubjectKey(SubjectKinds.Pipeline, "w/p"), "secret/token"))!;
        Assert.Equal((ChildStates.Deleted, "{}", null), (row.State, row.Document, row.View));
        World.Valid(await Pipeline.Put(new PutPipeline(Yaml.OneJob, null, false, World.Someone)));
        Assert.Empty(await Pipeline.GetSecrets(["token"]));
    }

    [Fact]
    public async Task Delete_DiedHalfWay_RepeatFreesTheWorkspace()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        _world.Calls.FailNext("IWorkspaceGrain.RemovePipeline");
        await Assert.ThrowsAsync<ControlException>(() => Pipeline.Delete(null, World.Someone));
        var workspace = _world.Grain<IWorkspaceGrain>("w");
        Assert.Equal(RefusalKind.Conflict, (await workspace.Delete(World.Someone)).Refusal?.Kind);
        Assert.Equal(RefusalKind.NotFound, (await Pipeline.Delete(null, World.Someone)).Refusal?.Kind);
        World.Valid(await workspace.Delete(World.Someone));
    }

    [Fact]
    public async Task Start_OldDefinitionStaysWithItsRun()
    {
        var run = await _world.RunAsync(Yaml.OneJob);
        World.Valid(await Pipeline.Put(new PutPipeline(Yaml.TwoStages, null, false, World.Someone)));
        Assert.Equal(1, (await _world.ViewAsync<RunView>(World.Key(run)))!.DefinitionVersion);
        Assert.Single((await _world.ViewAsync<RunView>(World.Key(run)))!.Stages);
        Assert.Equal(2, (await _world.ViewAsync<RunView>(World.Key(await _world.RunAsync(run.Pipeline))))!.Stages.Length);
    }
}
