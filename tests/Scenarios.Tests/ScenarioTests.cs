using System.Text.Json;
using System.Text.RegularExpressions;
using Control.Cli.Client;
using Control.Engine.Pipelines;
using Control.TestKit;

namespace Control.Scenarios.Tests;

/// <summary>Every folder below <c>scenarios</c>, through the real gateway, silo and agent.</summary>
[TestCaseOrderer("Control.Scenarios.Tests.FactsLast", "Control.Scenarios.Tests")]
public sealed class ScenarioTests(ScenarioServer server) : IClassFixture<ScenarioServer>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly string Root = Path.Combine(AppContext.BaseDirectory, "scenarios");

    public static TheoryData<string> Names { get; } = [.. All];

    internal static IEnumerable<string> All => Directory.EnumerateDirectories(Root).Order(StringComparer.Ordinal).Select(folder => Path.GetFileName(folder)!);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Scenario_PlayedThroughTheGateway_EndsAsItsFolderSays(string name)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var fill = await server.Places(Root, name);
        var scenario = Scenario.Parse(fill(await File.ReadAllTextAsync(Path.Combine(Root, name, "expected.json"))));
        var definition = fill(await File.ReadAllTextAsync(Path.Combine(Root, name, "pipeline.yaml")));
        var play = new ScenarioPlay(server, name, definition, scenario, limit.Token);
        if (scenario.Refused is { } refused)
        {
            Verdict.Refusal(refused, await Assert.ThrowsAsync<ProblemException>(async () =>
            {
                await play.SetUp();
                await play.Start();
            }));
            Coverage.Add(name, new Transitions());
            return;
        }

        await play.SetUp();
        var run = await play.Start();
        Coverage.Add(name, await play.Follow(run));
        await (scenario.Gone ? Verdict.Gone(server.Client, scenario, run, limit.Token) : Verdict.Run(server.Client, scenario, run, limit.Token));
    }

    [Fact]
    public void Scenarios_Together_UseEveryKeyOfTheReference()
    {
        var texts = Directory.EnumerateFiles(Root, "pipeline.yaml", SearchOption.AllDirectories).Select(File.ReadAllText).ToList();
        using var schema = JsonDocument.Parse(PipelineSchema.Json);
        var unused = KeysOf(schema.RootElement).Distinct().Where(key => !texts.Exists(text => Uses(text, key)));
        Assert.Empty(unused);
    }

    [Fact]
    public void Scenarios_Together_PassEveryTransitionOfTheListing()
    {
        Assert.True(Coverage.IsWhole(All), "Run all scenarios of the class: this looks back at them.");
        var never = Coverage.NeverPassed().ToList();
        Assert.True(never.Count == 0, $"No scenario passes\n{string.Join('\n', never)}");
    }

    [Fact]
    public void Scenarios_Together_ShowEveryRefusalAndEveryReason()
    {
        var texts = string.Concat(Directory.EnumerateFiles(Root, "expected.json", SearchOption.AllDirectories).Select(File.ReadAllText));
        var all = Coverage.Refusals().Concat(Coverage.AllReasons()).ToList();
        Assert.Contains("run-not-retryable", all);
        bool IsShown(string word) => texts.Contains($"\"{word}\"", StringComparison.Ordinal);
        Assert.DoesNotContain(all, word => !IsShown(word) && !Coverage.Elsewhere.ContainsKey(word));
        Assert.DoesNotContain(Coverage.Elsewhere.Keys, IsShown);
    }

    // Keys are those of the maps named "properties", at any depth.
    private static IEnumerable<string> KeysOf(JsonElement schema) => schema.ValueKind != JsonValueKind.Object
        ? []
        : schema.EnumerateObject().SelectMany(member => member.Name == "properties"
            ? member.Value.EnumerateObject().SelectMany(key => KeysOf(key.Value).Prepend(key.Name))
            : KeysOf(member.Value));

    private static bool Uses(string text, string key) => Regex.IsMatch(text, $"(^|[\\s{{,]){key}:", RegexOptions.Multiline);
}
