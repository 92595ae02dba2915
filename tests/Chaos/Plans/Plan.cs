namespace Control.Chaos.Plans;

/// <summary>What there is to be broken.</summary>
/// <param name="Nodes">Silos, those with a gateway first.</param>
/// <param name="Gateways">How many of the nodes have a gateway.</param>
/// <param name="Agents">Agents.</param>
internal sealed record Shape(int Nodes, int Gateways, int Agents)
{
    /// <summary>3 to 5 nodes, two of them gateways, and three agents.</summary>
    public static Shape Of(int seed) => new(3 + (seed % 3), 2, 3);
}

/// <summary>
/// When what is broken: the same for the same seed. Two nodes at least, one of them with a gateway, are left alone at any time,
/// and stores are not broken twice at a time.
/// </summary>
internal static class Plan
{
    /// <summary>What a node is given to be back after its fault, so that the others can rely on it.</summary>
    public static readonly TimeSpan NodeRecovery = TimeSpan.FromSeconds(10);

    /// <summary>The same for Redis, PostgreSQL and the connections to them.</summary>
    public static readonly TimeSpan StoreRecovery = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(5);

    // What happens most in the wild comes most often.
    private static readonly FaultKind[] Weighted =
    [
        .. Enum.GetValues<FaultKind>(),
        FaultKind.KillNode, FaultKind.KillNode, FaultKind.KillNode, FaultKind.KillNode,
        FaultKind.PauseNode, FaultKind.DrainNode, FaultKind.KillAgent, FaultKind.KillAgent,
    ];

    /// <summary>The faults in order; all of them are over, recovery included, within <paramref name="duration"/>.</summary>
    public static IReadOnlyList<Fault> Make(int seed, TimeSpan duration, Shape shape)
    {
        var random = new Random(seed);
        var faults = new List<Fault>();
        // Each kind once, in some order, before chance decides.
        var first = new Queue<FaultKind>(Shuffled(random));
        for (var at = Lead; at < duration; at += Seconds(random, 1.5, 4.5))
        {
            var kind = first.TryPeek(out var next) ? next : Weighted[random.Next(Weighted.Length)];
            var fault = Draw(random, at, kind, shape);
            if (End(fault) > duration || !LeavesAChance(fault, faults, shape)) continue;
            faults.Add(fault);
            if (first.Count > 0) first.Dequeue();
        }

        return faults;
    }

    /// <summary>When what it broke is to be well again.</summary>
    public static TimeSpan End(Fault fault) => fault.At + fault.Length + (fault.IsOfNode ? NodeRecovery : StoreRecovery);

    private static FaultKind[] Shuffled(Random random)
    {
        var kinds = Enum.GetValues<FaultKind>();
        random.Shuffle(kinds);
        return kinds;
    }

    private static Fault Draw(Random random, TimeSpan at, FaultKind kind, Shape shape)
    {
        var target = kind switch
        {
            FaultKind.KillNode or FaultKind.PauseNode or FaultKind.DrainNode => random.Next(shape.Nodes),
            FaultKind.KillAgent => random.Next(shape.Agents),
            _ => 0,
        };
        var length = kind switch
        {
            FaultKind.KillNode or FaultKind.DrainNode => Seconds(random, 0, 6),
            FaultKind.PauseNode => Seconds(random, 11, 20),
            FaultKind.FlushRedis => TimeSpan.Zero,
            FaultKind.DelayGateways or FaultKind.DelayDatabase or FaultKind.DelayRedis => Seconds(random, 2, 6),
            _ => Seconds(random, 0, 4),
        };
        return new Fault(at, kind, target, length);
    }

    private static bool LeavesAChance(Fault fault, List<Fault> earlier, Shape shape)
    {
        var still = earlier.Where(other => End(other) > fault.At).ToArray();
        if (fault.IsOfStores) return !still.Any(other => other.IsOfStores);
        if (fault.Kind == FaultKind.KillAgent) return !still.Any(other => other.Kind == FaultKind.KillAgent && other.Target == fault.Target);
        if (!fault.IsOfNode) return !still.Any(other => other.Kind is FaultKind.CutGateways or FaultKind.DelayGateways);
        var nodes = still.Where(other => other.IsOfNode).Select(other => other.Target).Append(fault.Target).ToArray();
        return nodes.Distinct().Count() == nodes.Length && nodes.Length <= shape.Nodes - 2 && nodes.Count(node => node < shape.Gateways) < shape.Gateways;
    }

    private static TimeSpan Seconds(Random random, double least, double most) => TimeSpan.FromSeconds(Math.Round(least + (random.NextDouble() * (most - least)), 1));
}
