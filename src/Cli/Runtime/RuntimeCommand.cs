using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Events;
using Control.Contracts.Runtime;

namespace Control.Cli.Runtime;

/// <summary><c>control runtime</c>: silos and what their grains do.</summary>
internal static class RuntimeCommand
{
    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "runtime", "What runs the server: silos, their grains, and what happened to them. For administrators.", Silos(cli), Grains(cli), Hot(cli), History(cli));

    private static Command Silos(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("silos", "List the silos, those that started last first.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListSilosAsync(page.Query(call), cancel), SiloTable(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Grains(CommandFactory cli) => cli.Action(
        "grains", "List the grain classes with their figures on all living silos.", [], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListGrainTypesAsync(cancel), GrainTable);
            return ExitCodes.Succeeded;
        });

    private static Command Hot(CommandFactory cli) => cli.Action(
        "hot", "List the grains with the most calls, and those that most calls wait for.", [], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListHotGrainsAsync(cancel), HotTable);
            return ExitCodes.Succeeded;
        });

    private static Command History(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("history", "Tell which silos came, went, were lost and came back, newest first.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.GetSiloHistoryAsync(page.Query(call), cancel), HistoryTable);
            return ExitCodes.Succeeded;
        });
    }

    private static Table<SiloView> SiloTable(DateTimeOffset now) => new(
        ("SILO", silo => Short(silo.Id)),
        ("NAME", silo => silo.Name),
        ("ADDRESS", silo => silo.Address ?? "alone"),
        ("ENGINE", silo => silo.Engine),
        ("VERSION", silo => silo.Version),
        ("STATE", silo => new Cell(Texts.Word(silo.State), Tones.Of(silo.State))),
        ("STARTED", silo => Texts.Ago(silo.StartedAt, now)),
        ("SEEN", silo => Texts.Ago(silo.SeenAt, now)),
        ("CPU", silo => string.Create(CultureInfo.InvariantCulture, $"{silo.Process.CpuShare * 100:0}%")),
        ("MEMORY", silo => Mebi(silo.Process.WorkingSetBytes)),
        ("HEAP", silo => Mebi(silo.Process.HeapBytes)),
        ("GRAINS", silo => Whole(silo.Activations)),
        ("CALLS/S", silo => Rate(silo.Grains.Sum(grain => grain.CallsPerSecond))),
        ("EXECUTING", silo => Whole(silo.Executing)),
        ("UNANSWERED", silo => Whole(silo.Unanswered)));

    private static Table<GrainTypeView> GrainTable { get; } = new(
        ("CLASS", grain => grain.Type),
        ("SILOS", grain => Whole(grain.Silos)),
        ("GRAINS", grain => Whole(grain.Activations)),
        ("CALLS", grain => Whole(grain.Calls)),
        ("FAULTS", grain => Whole(grain.Faults)),
        ("CALLS/S", grain => Rate(grain.CallsPerSecond)),
        ("FAULTS/S", grain => Rate(grain.FaultsPerSecond)),
        ("P50", grain => Millis(grain.P50Ms)),
        ("P99", grain => Millis(grain.P99Ms)),
        ("EXECUTING", grain => Whole(grain.Executing)),
        ("WAITING", grain => new Cell(Whole(grain.Waiting), grain.Waiting > 0 ? Tone.Asks : Tone.Plain)));

    private static Table<HotGrainView> HotTable { get; } = new(
        ("GRAIN", grain => grain.Grain),
        ("SILO", grain => Short(grain.Silo)),
        ("CALLS/S", grain => grain.ErrorPerSecond > 0 ? $"{Rate(grain.CallsPerSecond - grain.ErrorPerSecond)}-{Rate(grain.CallsPerSecond)}" : Rate(grain.CallsPerSecond)),
        ("UNANSWERED", grain => Whole(grain.Unanswered)));

    private static Table<SiloEventView> HistoryTable { get; } = new(
        ("WHEN", change => Texts.Moment(change.At)),
        ("EVENT", change => new Cell(change.Event, ToneOf(change.Event))),
        ("SILO", change => Short(change.Silo)),
        ("NAME", change => change.Name),
        ("ADDRESS", change => change.Address ?? "alone"),
        ("NOTICED BY", change => Short(change.NoticedBy)));

    private static Tone ToneOf(string type) => type switch
    {
        EventTypes.SiloJoined or EventTypes.SiloBack => Tone.Good,
        EventTypes.SiloLost => Tone.Bad,
        _ => Tone.Plain,
    };

    // As much of a boot id as tells silos apart.
    private static string? Short(string? id) => id is { Length: > 8 } ? id[..8] : id;

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Rate(double value) => value.ToString(value >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture);

    private static string Mebi(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0}M");

    private static string? Millis(double? value) => value is { } ms ? string.Create(CultureInfo.InvariantCulture, $"{ms:0.###}ms") : null;
}
