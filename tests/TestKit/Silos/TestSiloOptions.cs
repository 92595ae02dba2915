using System.Reflection;
using Control.Silo.Hosting;

namespace Control.TestKit.Silos;

/// <summary>How a test's silo runs its grains.</summary>
public sealed record TestSiloOptions
{
    /// <summary>Holds the grain classes; the embedded runtime wants to be told, Orleans finds them.</summary>
    public required Assembly Grains { get; init; }

    /// <summary>The engine's clock of time-outs, idle grains and grain timers. Default: the real one, whatever the grains' own is.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Idle ages of single grain classes.</summary>
    public IReadOnlyDictionary<Type, TimeSpan> IdleAges { get; init; } = new Dictionary<Type, TimeSpan>();

    /// <summary>How long a grain may take to end. Default 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many requests may wait at one activation. Default 10,000.</summary>
    public int MaxQueuedRequests { get; init; } = 10_000;

    /// <summary>The cluster to join; null for a silo that is alone.</summary>
    public SiloCluster? Cluster { get; init; }

    /// <summary>How long a silo of the cluster that says nothing counts as alive; the embedded runtime's only. Default 8 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>True for the engine without its dashboard and traces, so that what is measured is the engine.</summary>
    public bool IsBare { get; init; }
}
