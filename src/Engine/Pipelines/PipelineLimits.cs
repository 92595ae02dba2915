namespace Control.Engine.Pipelines;

/// <summary>
/// The limits on pipeline definitions and on the values that enter runs. The parser, the JSON Schema and the reference in
/// docs/pipelines.md state the same figures. They are far above what people write by hand; they bound what one tenant can
/// make everyone else's memory, database and screens hold.
/// </summary>
public static class PipelineLimits
{
    /// <summary>Definition text, in bytes of UTF-8: 256 KiB.</summary>
    public const int TextBytes = 256 * 1024;

    /// <summary>Nesting of maps and lists; a valid definition needs 8.</summary>
    public const int Depth = 32;

    /// <summary>Errors reported at once; what follows would rarely be read.</summary>
    public const int Errors = 100;

    /// <summary>Triggers of a pipeline.</summary>
    public const int Triggers = 20;

    /// <summary>Stages of a pipeline.</summary>
    public const int Stages = 50;

    /// <summary>Jobs of a stage.</summary>
    public const int JobsPerStage = 256;

    /// <summary>Jobs of a pipeline.</summary>
    public const int Jobs = 1000;

    /// <summary>Legs of a matrix.</summary>
    public const int Legs = 256;

    /// <summary>Axes of a matrix.</summary>
    public const int Axes = 10;

    /// <summary>Steps of a job.</summary>
    public const int Steps = 100;

    /// <summary>A step's script, in bytes of UTF-8: 64 KiB.</summary>
    public const int ScriptBytes = 64 * 1024;

    /// <summary>Entries of one environment map.</summary>
    public const int EnvEntries = 200;

    /// <summary>An environment value, in bytes of UTF-8: 32 KiB. Linux takes 128 KiB for name and value together.</summary>
    public const int EnvValueBytes = 32 * 1024;

    /// <summary>An environment variable's name, in characters.</summary>
    public const int VariableNameLength = 128;

    /// <summary>Secrets of one job.</summary>
    public const int Secrets = 64;

    /// <summary>Labels a job may demand.</summary>
    public const int Labels = 32;

    /// <summary>Outputs of one job.</summary>
    public const int Outputs = 64;

    /// <summary>An output's value, in bytes of UTF-8: 32 KiB.</summary>
    public const int OutputValueBytes = EnvValueBytes;

    /// <summary>All outputs of one attempt together, names and values, in bytes of UTF-8: 128 KiB.</summary>
    public const int OutputBytes = 128 * 1024;

    /// <summary>The file that steps write outputs to, undeclared keys included: 1 MiB. Readers need not read further.</summary>
    public const int OutputFileBytes = 1024 * 1024;

    /// <summary>Parameters of a pipeline, or of a gate.</summary>
    public const int Parameters = 50;

    /// <summary>A parameter's value, in bytes of UTF-8: 4 KiB.</summary>
    public const int ParameterValueBytes = 4 * 1024;

    /// <summary>Choices of one parameter.</summary>
    public const int Choices = 100;

    /// <summary>Descriptions and a gate's message, in characters.</summary>
    public const int TextLength = 1000;

    /// <summary>A step's name, in characters.</summary>
    public const int StepNameLength = 100;

    /// <summary>A step's directory, in characters.</summary>
    public const int DirectoryLength = 1024;

    /// <summary>Commits of history that a checkout may ask for short of all.</summary>
    public const int Depths = 1_000_000;

    /// <summary>Further attempts that a retry rule may ask for.</summary>
    public const int Retries = 10;

    /// <summary>By which the pause before a retry may grow.</summary>
    public const int RetryFactor = 10;

    /// <summary>Longest pause before a retry where the rule states none, in seconds: ten minutes.</summary>
    public const int DefaultMaxDelay = 10 * 60;

    /// <summary>People and scopes that a gate may name.</summary>
    public const int Approvers = 50;

    /// <summary>Approvals a gate may demand.</summary>
    public const int Approvals = 10;

    /// <summary>A person or scope that a gate names, in characters.</summary>
    public const int NameLength = 128;

    /// <summary>Longest time limit of a run, and longest deadline of a gate, in seconds: 30 days.</summary>
    public const int LongestRun = 30 * 24 * 60 * 60;

    /// <summary>Shortest time limit of a job or step, in seconds.</summary>
    public const int ShortestTimeout = 1;

    /// <summary>Longest time limit of a job or step, and longest wait for a silent agent, in seconds: one day.</summary>
    public const int LongestTimeout = 24 * 60 * 60;

    /// <summary>Time limit of a job that states none, in seconds: one hour.</summary>
    public const int DefaultTimeout = 60 * 60;

    /// <summary>Shortest wait for a silent agent, in seconds; below it, an ordinary network hiccup would lose jobs.</summary>
    public const int ShortestLostAfter = 30;

    /// <summary>Wait for a silent agent where the job states none, in seconds.</summary>
    public const int DefaultLostAfter = 120;

    /// <summary>Places that a concurrency group may have.</summary>
    public const int GroupPlaces = 1_000;

    /// <summary>Processes of a container whose job states no number.</summary>
    public const int DefaultPids = 2048;

    /// <summary>Fewest processes that a container may be limited to.</summary>
    public const int FewestPids = 16;

    /// <summary>Most processes that a container may be limited to.</summary>
    public const int MostPids = 1_000_000;

    /// <summary>Least memory that a container may be limited to, in bytes: 16 MiB.</summary>
    public const long LeastMemory = 16L << 20;

    /// <summary>Services of one job.</summary>
    public const int Services = 10;

    /// <summary>Words of a service's command, or of its arguments.</summary>
    public const int CommandWords = 64;

    /// <summary>A word of a command, in bytes of UTF-8: 8 KiB.</summary>
    public const int CommandWordBytes = 8 * 1024;

    /// <summary>Time in which a service that states none has to be ready, in seconds.</summary>
    public const int DefaultReadyTimeout = 60;

    /// <summary>Longest time in which a service may have to be ready, in seconds: a quarter of an hour.</summary>
    public const int LongestReadyTimeout = 15 * 60;

    /// <summary>Least share of a processor that a container may be limited to.</summary>
    public const int FewestMilliCpus = 10;
}
