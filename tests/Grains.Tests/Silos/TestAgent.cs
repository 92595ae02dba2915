namespace Control.Grains.Tests.Silos;

/// <summary>Speaks to its grain as a real agent does: numbered polls that say what it holds, and reports under its leases.</summary>
internal sealed class TestAgent(World world, AgentId id, int capacity)
{
    private readonly HashSet<LeaseRef> _seen = [];
    private readonly List<Task> _polls = [];
    private CancellationTokenSource _ended = new(World.Limit);

    public AgentId Id => id;

    public string BootId { get; set; } = Guid.NewGuid().ToString("N");

    public long Sequence { get; set; }

    /// <summary>What it runs.</summary>
    public Dictionary<LeaseRef, Assignment> Jobs { get; } = [];

    private IAgentGrain Grain => world.Grain<IAgentGrain>(id);

    /// <summary>A renewal: does not park.</summary>
    public Task<AgentOrders> RenewAsync() => PollAsync(TimeSpan.Zero);

    /// <summary>A poll that parks; its orders are taken in.</summary>
    public async Task<AgentOrders> PollAsync(TimeSpan? wait = null, CancellationToken cancellationToken = default)
    {
        var orders = World.Valid(await SendAsync(wait, cancellationToken));
        foreach (var assignment in orders.Start.Where(assignment => _seen.Add(Lease(assignment))))
        {
            Jobs.Add(Lease(assignment), assignment);
        }

        foreach (var lease in orders.Forget)
        {
            Jobs.Remove(lease);
        }

        return orders;
    }

    /// <summary>A poll whose answer the agent does not take in.</summary>
    public Task<Outcome<AgentOrders>> SendAsync(TimeSpan? wait = null, CancellationToken cancellationToken = default)
    {
        var poll = new AgentPoll(BootId, ++Sequence, capacity - Jobs.Count, [.. Jobs.Keys], wait ?? TimeSpan.FromSeconds(20));
        var token = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token, cancellationToken).Token;
        var answer = Grain.Poll(poll, token);
        _polls.Add(answer);
        return answer;
    }

    /// <summary>A poll that has reached the grain.</summary>
    public async Task<Task<AgentOrders>> ParkAsync(CancellationToken cancellationToken = default)
    {
        var begun = world.Calls.Begun("IAgentGrain.Poll");
        var poll = PollAsync(cancellationToken: cancellationToken);
        await begun;
        return poll;
    }

    /// <summary>Polls until there is new work.</summary>
    public async Task<Assignment> TakeAsync()
    {
        while (true)
        {
            var known = Jobs.Count;
            await PollAsync();
            if (Jobs.Count > known)
            {
                return Jobs.Values.Last();
            }
        }
    }

    public async Task<Outcome<Done>> ReportAsync(Assignment job, ReportKind kind, string? reason = null, params (string Key, string Value)[] outputs) =>
        await world.Run(job.Attempt.Run).Report(new AttemptReport(
            job.Attempt, job.Lease, id, kind, reason, null, kind == ReportKind.Failed ? 1 : null,
            outputs.ToImmutableSortedDictionary(output => output.Key, output => output.Value), 10));

    /// <summary>Reports the end and forgets the job.</summary>
    public async Task EndAsync(Assignment job, ReportKind kind = ReportKind.Succeeded, params (string Key, string Value)[] outputs)
    {
        World.Valid(await ReportAsync(job, kind, kind == ReportKind.Failed ? Reasons.StepFailed : null, outputs));
        Jobs.Remove(Lease(job));
    }

    /// <summary>The process dies and starts again: it holds nothing, and says so with a new boot id.</summary>
    public void Reboot()
    {
        BootId = Guid.NewGuid().ToString("N");
        Sequence = 0;
        Jobs.Clear();
        _seen.Clear();
    }

    /// <summary>Ends its parked polls.</summary>
    public async Task HangUpAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll(_polls).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended = new CancellationTokenSource(World.Limit);
    }

    public static LeaseRef Lease(Assignment assignment) => new(assignment.Attempt, assignment.Lease);
}
