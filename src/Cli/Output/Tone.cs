using Control.Contracts.Clusters;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Control.Contracts.Runtime;

namespace Control.Cli.Output;

/// <summary>What a colour means; the word is always there too.</summary>
internal enum Tone
{
    Plain,
    Good,
    Bad,
    Busy,
    Asks,
    Faint,
}

/// <summary>Colours text, and gives each state its tone.</summary>
internal static class Tones
{
    public static string Paint(this Tone tone, string text, bool color) =>
        !color || tone == Tone.Plain ? text : $"\e[{Code(tone)}m{text}\e[0m";

    public static Tone Of(RunState state) => state switch
    {
        RunState.Succeeded => Tone.Good,
        RunState.Failed => Tone.Bad,
        RunState.Waiting => Tone.Asks,
        RunState.Cancelled or RunState.Invalid => Tone.Faint,
        _ => Tone.Busy,
    };

    public static Tone Of(ClusterState state) => state switch
    {
        ClusterState.Connected => Tone.Good,
        ClusterState.Degraded => Tone.Asks,
        ClusterState.Disconnected => Tone.Bad,
        _ => Tone.Busy,
    };

    public static Tone Of(StageState state) => state switch
    {
        StageState.Succeeded => Tone.Good,
        StageState.Failed => Tone.Bad,
        StageState.Waiting => Tone.Asks,
        StageState.Queued or StageState.Running => Tone.Busy,
        _ => Tone.Faint,
    };

    public static Tone Of(JobState state) => state switch
    {
        JobState.Succeeded => Tone.Good,
        JobState.Failed => Tone.Bad,
        JobState.Blocked or JobState.Queued or JobState.Running or JobState.Stopping => Tone.Busy,
        _ => Tone.Faint,
    };

    public static Tone Of(AgentState state) => state switch
    {
        AgentState.Online => Tone.Good,
        AgentState.Suspect => Tone.Asks,
        AgentState.Offline => Tone.Bad,
        _ => Tone.Faint,
    };

    public static Tone Of(SiloState state) => state switch
    {
        SiloState.Active => Tone.Good,
        SiloState.Leaving => Tone.Asks,
        SiloState.Lost => Tone.Bad,
        _ => Tone.Faint,
    };

    private static int Code(Tone tone) => tone switch
    {
        Tone.Good => 32,
        Tone.Bad => 31,
        Tone.Busy => 36,
        Tone.Asks => 33,
        _ => 90,
    };
}
