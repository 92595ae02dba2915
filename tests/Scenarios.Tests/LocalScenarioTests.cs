using Control.Agent.Local;
using Control.Agent.Processes;
using Control.Engine.Pipelines;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Scenarios.Tests;

/// <summary>The same scenarios without a server, through the runner of <c>control pipeline run --local</c>: they must end the same.</summary>
public sealed class LocalScenarioTests(ScenarioServer server) : IClassFixture<ScenarioServer>
{
    private const string EndsWithTheProgram = "A local run ends with its program: there is nothing to retry or re-run.";
    private const string Alone = "Nobody else is in the groups of a local run.";
    private const string NothingFetched = "Nothing is fetched: the files come from the developer's folder.";
    private const string NoOtherRuns = "Without a server no runs are kept, so none is deleted.";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "scenarios");

    private static readonly Dictionary<string, string> NotLocal = new()
    {
        ["16-source-full-reference"] = "It looks at the depth of the history, which is the folder's own here.",
        ["18-source-wrong-password"] = NothingFetched,
        ["20-gate-rejected"] = EndsWithTheProgram,
        ["32-retry-by-hand"] = EndsWithTheProgram,
        ["33-retry-cancelled"] = EndsWithTheProgram,
        ["42-approvers"] = "Who may approve, and how many must, is left out: one person is there.",
        ["48-rerun"] = EndsWithTheProgram,
        ["52-concurrency-cancel-oldest"] = Alone,
        ["53-concurrency-reject"] = Alone,
        ["54-queue-full"] = Alone,
        ["55-log-limit"] = "A local run has no workspace whose limits it could have.",
        ["56-rounds"] = EndsWithTheProgram,
        ["57-queued-again"] = EndsWithTheProgram,
        ["58-rejected-again"] = EndsWithTheProgram,
        ["62-source-unreachable"] = NothingFetched,
        ["63-source-option-as-branch"] = "The gateway refuses the start; here the ref is checked when it is looked up.",
        ["80-delete"] = EndsWithTheProgram,
        ["81-retention"] = NoOtherRuns,
        ["82-keep"] = NoOtherRuns,
        ["83-keep-succeeded"] = NoOtherRuns,
        ["84-prune"] = NoOtherRuns,
    };

    public static TheoryData<string> Names { get; } = [.. ScenarioTests.All.Where(name => !NotLocal.ContainsKey(name))];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Scenario_PlayedWithoutAServer_EndsAsItsFolderSays(string name)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var fill = await server.Places(Root, name);
        var scenario = Scenario.Parse(fill(await File.ReadAllTextAsync(Path.Combine(Root, name, "expected.json"))));
        var parsed = PipelineParser.Parse(fill(await File.ReadAllTextAsync(Path.Combine(Root, name, "pipeline.yaml"))));
        var bound = parsed.Spec is { } spec ? ParameterBinder.Bind(spec.Parameters, scenario.Start.Parameters) : null;
        if (scenario.Refused is { } refused)
        {
            var fields = (bound?.Errors ?? parsed.Errors).Select(error => error.Field);
            Assert.Equal(refused.Fields.Order(StringComparer.Ordinal), fields.Order(StringComparer.Ordinal));
            return;
        }

        var reference = scenario.Start.Ref ?? parsed.Spec!.Source?.Ref;
        var source = parsed.Spec!.Source is null ? null : new LocalSource(server.WorkTree(name), reference == "HEAD" ? null : reference, IsInPlace: false);
        if (source is { Ref: null })
        {
            await TestKit.GitHttpServer.Git(source.Folder, "checkout", "--quiet", "main");
        }

        using var play = new LocalPlay(name, parsed.Spec, bound!.Values, source, scenario);
        var options = new LocalAgentOptions
        {
            Capacity = LocalPlay.Capacity,
            Source = source,
            ReaperCommand = [Path.Combine(AppContext.BaseDirectory, "control"), ReaperProcess.Verb],
        };
        await using (var agent = await LocalAgent.StartAsync(options, play.Run, TimeProvider.System, NullLoggerFactory.Instance, limit.Token))
        {
            await play.FollowAsync(agent, limit.Token);
        }

        Verdict.Run(scenario, play.Run.View, play.Run.Attempts, play.Logs);
    }

    [Fact]
    public void NotLocal_NamesScenariosThatExist() =>
        Assert.Empty(NotLocal.Keys.Except(ScenarioTests.All));
}
