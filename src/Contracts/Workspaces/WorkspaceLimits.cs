namespace Control.Contracts.Workspaces;

/// <summary>What a workspace may use of what all share.</summary>
/// <param name="RunningRuns">Runs at a time, 1 to 1,000; further ones wait. 0 for no limit.</param>
/// <param name="QueuedRuns">Runs that may wait for that, 1 to 10,000; further starts are refused. 0 for 10,000.</param>
/// <param name="LogBytes">Log of one attempt, 1 MiB to 256 MiB; more fails the job. 0 for 64 MiB.</param>
[GenerateSerializer, Immutable, Alias("control.workspace-limits")]
public sealed record WorkspaceLimits([property: Id(0)] int RunningRuns, [property: Id(1)] int QueuedRuns, [property: Id(2)] long LogBytes)
{
    /// <summary>Most runs at a time that can be set.</summary>
    public const int MostRunning = 1_000;

    /// <summary>Most waiting runs.</summary>
    public const int MostQueued = 10_000;

    /// <summary>Least log of an attempt that can be set.</summary>
    public const long LeastLog = 1L << 20;

    /// <summary>Most log of an attempt that can be set.</summary>
    public const long MostLog = 256L << 20;

    /// <summary>No limits but the installation's.</summary>
    public static WorkspaceLimits None { get; } = new(0, 0, 0);
}

/// <summary>Sets all limits of a workspace. They hold for runs that start from then on; those that wait already keep their place.</summary>
[GenerateSerializer, Immutable, Alias("control.set-limits")]
public sealed record SetLimits([property: Id(0)] WorkspaceLimits Limits, [property: Id(1)] Actor By);
