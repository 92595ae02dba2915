using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Control.Contracts.Runs;
using Control.TestKit;

namespace Control.Scenarios.Tests;

/// <summary>What there is to be covered by scenarios, and what all of them together went through.</summary>
internal static partial class Coverage
{
    private const string Agents = "An agent that behaves does not do this: tests/Engine.Tests, where reports come as they should not.";
    private const string Race = "It takes a report that overtakes another, or a stop: tests/Engine.Tests, tests/Grains.Tests.";
    private const string Loss = "It takes the loss of an agent: tests/Crash.Tests.";

    private static readonly ConcurrentDictionary<string, bool> Played = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, bool> Passed = new(StringComparer.Ordinal);

    /// <summary>What no scenario shows, and where it is shown.</summary>
    public static Dictionary<string, string> Elsewhere { get; } = new(StringComparer.Ordinal)
    {
        ["bad-report"] = Agents,
        ["stale-lease"] = Agents,
        ["attempt-not-queued"] = Agents,
        ["bad-mode"] = "The gateway knows the modes: tests/Engine.Tests.",
        ["too-many-rounds"] = "It takes 100 rounds: tests/Engine.Tests.",
        ["attempt leased → failed"] = Race,
        ["attempt leased → succeeded"] = Race,
        ["attempt leased → stopping"] = Race,
        ["attempt stopping → succeeded"] = Race,
        ["attempt leased → lost"] = Loss,
        ["attempt running → lost"] = Loss,
        ["attempt stopping → lost"] = Loss,
        ["store-restored"] = "It takes a restored backup: tests/Crash.Tests, tests/Api.Tests.",
        [Reasons.AgentLost] = Loss,
        [Reasons.AgentRestarted] = Loss,
        [Reasons.CheckoutFailed] = "It takes a repository that goes away once its commit is known: tests/Agent.Tests.",
        [Reasons.OutOfMemory] = "It takes control groups: tests/Agent.Tests.",
    };

    /// <summary>A scenario was played to its end.</summary>
    public static void Add(string scenario, Transitions transitions)
    {
        Played[scenario] = true;
        foreach (var transition in transitions.Seen)
        {
            Passed[transition] = true;
        }
    }

    /// <summary>True when all were played, without which the rest says nothing.</summary>
    public static bool IsWhole(IEnumerable<string> scenarios) => scenarios.All(Played.ContainsKey);

    /// <summary>Transitions of the listing that no scenario passed.</summary>
    public static IEnumerable<string> NeverPassed() =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "transitions.txt")).Where(transition => !Passed.ContainsKey(transition) && !Elsewhere.ContainsKey(transition));

    /// <summary>Codes of the refusals that a run or a pipeline gives.</summary>
    public static IEnumerable<string> Refusals() => ((string[])["Engine/Runs", "Grains/Runs", "Grains/Pipelines"])
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Folder(), "../../src", folder), "*.cs"))
        .SelectMany(file => RefusalCode().Matches(File.ReadAllText(file)))
        .Select(match => match.Groups[1].Value)
        .Distinct();

    /// <summary>Reasons of failed states.</summary>
    public static IEnumerable<string> AllReasons() => typeof(Reasons).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex("Refusal\\.(?:BadRequest|Conflict|Forbidden|Limit)\\(\\s*\"([a-z-]+)\"")]
    private static partial Regex RefusalCode();
}
