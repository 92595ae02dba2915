using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Pipelines;
using Control.Contracts.Triggers;

namespace Control.Cli.Triggers;

/// <summary><c>control trigger</c>.</summary>
internal static class TriggerCommand
{
    public static Command Create(CommandFactory cli) =>
        CommandFactory.Group("trigger", "What starts a pipeline's runs by the clock.", List(cli), Pause(cli), Resume(cli));

    private static Argument<string> Pipeline() => new("pipeline") { Description = "PIPELINE or WORKSPACE/PIPELINE." };

    private static Argument<string> Name() => new("name") { Description = "The trigger, as the definition calls it." };

    private static Command List(CommandFactory cli)
    {
        var pipeline = Pipeline();
        return cli.Action("list", "Show when the triggers of a pipeline come next, and what their last runs were.", [pipeline], async (call, cancel) =>
        {
            Show(call, await call.Client.GetTriggersAsync(PipelineReference.Parse(call, call.Get(pipeline)), cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Pause(CommandFactory cli)
    {
        var (pipeline, name) = (Pipeline(), Name());
        var reason = new Option<string>("--reason") { Description = "Why, for those who wonder.", HelpName = "text" };
        return cli.Action("pause", "Start no runs by a trigger until it is resumed.", [pipeline, name, reason], async (call, cancel) =>
        {
            var id = PipelineReference.Parse(call, call.Get(pipeline));
            Show(call, await call.Client.PauseTriggerAsync(id, call.Get(name), call.Get(reason) ?? "", cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Resume(CommandFactory cli)
    {
        var (pipeline, name) = (Pipeline(), Name());
        return cli.Action("resume", "Start runs by a trigger again, from its next time on.", [pipeline, name], async (call, cancel) =>
        {
            Show(call, await call.Client.ResumeTriggerAsync(PipelineReference.Parse(call, call.Get(pipeline)), call.Get(name), cancel));
            return ExitCodes.Succeeded;
        });
    }

    private static void Show(Call call, Answer<TriggersView> answer) =>
        call.Output.Value(answer, view => Triggers(call.Now).Render(view.Triggers, call.Output.Color));

    private static Table<TriggerView> Triggers(DateTimeOffset now) => new(
        ("TRIGGER", trigger => trigger.Name),
        ("CRON", trigger => trigger.Cron),
        ("ZONE", trigger => trigger.TimeZone),
        ("NEXT", trigger => trigger.Pause is { } pause ? new Cell($"paused by {pause.By.Name}{(pause.Reason.Length == 0 ? "" : $": {pause.Reason}")}", Tone.Asks) : trigger.NextAt?.ToString("u", CultureInfo.InvariantCulture)),
        ("LAST", trigger => trigger.Last is { } last ? Texts.Ago(last.At, now) : null),
        ("RUN", trigger => trigger.Last switch
        {
            { Run: { } run } => run.Number.ToString(CultureInfo.InvariantCulture),
            { Refusal: { } refusal } => new Cell(refusal, Tone.Bad),
            _ => null,
        }));
}
