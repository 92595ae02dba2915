using Control.Runtime.Clustering;

namespace Control.Runtime.Hosting;

/// <summary>How a silo runs its grains.</summary>
public sealed class GrainRuntimeOptions
{
    /// <summary>How long a caller waits for an answer, where the method says nothing else. Default 30 s.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a grain may be without requests before it is deactivated. Default 15 min.</summary>
    public TimeSpan IdleAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Idle ages of single grain classes, by class; they win over <see cref="IdleAge"/>.</summary>
    public IDictionary<Type, TimeSpan> IdleAges { get; } = new Dictionary<Type, TimeSpan>();

    /// <summary>When the token given to OnActivateAsync ends. Default 30 s.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation waits for OnDeactivateAsync before it ends all the same. Default 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many requests may wait at one activation before more are refused. Default 10,000.</summary>
    public int MaxQueuedRequests { get; set; } = 10_000;

    /// <summary>
    /// How many calls may be without an answer before those from outside of grains are refused. Counted ten times a
    /// second, so it is exceeded for a moment. Default 200,000.
    /// </summary>
    public int MaxPendingCalls { get; set; } = 200_000;

    /// <summary>
    /// The clock of timeouts, idle collection and grain timers. It stays real where tests fake the grains' own
    /// <see cref="System.TimeProvider"/>, which comes from the services.
    /// </summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>The cluster to join; null for a silo that is alone. Default null.</summary>
    public ClusterOptions? Cluster { get; set; }

    internal void Validate()
    {
        RequirePositive(ResponseTimeout, nameof(ResponseTimeout));
        RequirePositive(IdleAge, nameof(IdleAge));
        RequirePositive(ActivationTimeout, nameof(ActivationTimeout));
        RequirePositive(DeactivationTimeout, nameof(DeactivationTimeout));
        foreach (var (type, age) in IdleAges) RequirePositive(age, $"{nameof(IdleAges)}[{type.Name}]");
        RequirePositive(TimeSpan.FromTicks(MaxQueuedRequests), nameof(MaxQueuedRequests));
        RequirePositive(TimeSpan.FromTicks(MaxPendingCalls), nameof(MaxPendingCalls));
    }

    private static void RequirePositive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero) throw new Orleans.Runtime.OrleansConfigurationException($"{nameof(GrainRuntimeOptions)}.{name} must be greater than zero.");
    }
}
