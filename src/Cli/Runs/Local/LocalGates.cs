using System.Collections.Immutable;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Access;
using Control.Contracts.Runs;

namespace Control.Cli.Runs.Local;

/// <summary>
/// Answers the gates of a run without a server: as said beforehand, else at the terminal. Where there is nobody to ask, a gate
/// with a deadline waits for it, and another one is rejected instead of waiting for ever.
/// </summary>
internal sealed class LocalGates(Call call, Actor by, bool all, IReadOnlyCollection<string> approved, IReadOnlyDictionary<string, string> values)
{
    private readonly Lock _one = new();

    /// <summary>Decides a gate that has been reached. Not within the run's own call: it may wait for a person.</summary>
    public void Answer(LocalRun run, StageView stage)
    {
        // One question at a time at one terminal.
        lock (_one)
        {
            if (Decision(stage) is not { } decision)
            {
                return;
            }

            if (run.Decide(decision) is { } refusal && decision.Approve)
            {
                call.Output.Error(refusal.Message);
                foreach (var field in refusal.Fields)
                {
                    call.Output.Diagnostic($"  {Texts.Clean(field.Field)}: {Texts.Clean(field.Message)}");
                }

                run.Decide(Reject(stage, "The approval was not accepted."));
            }
        }
    }

    private DecideGate? Decision(StageView stage)
    {
        if (all || approved.Contains(stage.Name))
        {
            return Approve(stage, Given(stage));
        }

        if (!call.Services.Terminal.CanAsk)
        {
            return stage.Gate!.DeadlineSeconds > 0 ? null : Reject(stage, $"Nobody was there to ask. Approve it with --approve {stage.Name} or --yes.");
        }

        return Inputs.Confirm(call, $"{stage.Gate!.Message} (stage {stage.Name})") ? Approve(stage, Asked(stage)) : Reject(stage, "");
    }

    private ImmutableDictionary<string, string> Given(StageView stage) => values
        .Where(pair => pair.Key.StartsWith($"{stage.Name}.", StringComparison.Ordinal))
        .ToImmutableDictionary(pair => pair.Key[(stage.Name.Length + 1)..], pair => pair.Value);

    private ImmutableDictionary<string, string> Asked(StageView stage)
    {
        var answers = Given(stage);
        foreach (var parameter in stage.Gate!.Parameters.Where(parameter => !answers.ContainsKey(parameter.Name)))
        {
            var choices = parameter.Choices.IsEmpty ? "" : $" ({string.Join(", ", parameter.Choices)})";
            call.Services.Terminal.Error.Write($"{Texts.Clean($"{parameter.Name}{choices}{(parameter.Default is null ? "" : $" [{parameter.Default}]")}")}: ");
            if (call.Services.Terminal.In.ReadLine() is { Length: > 0 } answer)
            {
                answers = answers.SetItem(parameter.Name, answer);
            }
        }

        return answers;
    }

    private DecideGate Approve(StageView stage, ImmutableDictionary<string, string> parameters) => new(stage.Name, true, "", parameters, by, []);

    private DecideGate Reject(StageView stage, string comment) => new(stage.Name, false, comment, ImmutableDictionary<string, string>.Empty, by, []);
}
