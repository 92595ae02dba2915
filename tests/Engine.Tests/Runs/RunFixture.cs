using System.Collections.Immutable;
using Control.Contracts.Access;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Engine.Pipelines;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>A run driven event by event, each in a machine of its own as a grain would with one message per commit.</summary>
internal sealed class RunFixture
{
    public static readonly Actor Anna = new(ActorKind.Token, "t1", "anna");
    public static readonly AgentId Agent = new("agent-1");
    private static readonly RunId Id = new(new PipelineId("shop", "web"), 7);

    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public RunFixture(string yaml, params (string Name, string Value)[] parameters)
        : this(yaml, null, parameters)
    {
    }

    public RunFixture(string yaml, Contracts.Workspaces.WorkspaceLimits? limits, params (string Name, string Value)[] parameters)
    {
        var parsed = PipelineParser.Parse(yaml);
        Assert.True(parsed.Errors.IsEmpty, string.Join('\n', parsed.Errors));
        var values = parameters.ToImmutableSortedDictionary(p => p.Name, p => p.Value);
        Last = RunMachine.Create(Id, new CreateRun(1, parsed.Spec!, values, parsed.Spec!.Source?.Ref, _now, Anna, null, limits));
        Model = Last.Next;
        Log.AddRange(Last.Events);
        Note();
    }

    public RunModel Model { get; private set; }

    public RunChange Last { get; private set; }

    public List<RunEvent> Log { get; } = [];

    /// <summary>What groups were asked for, repeats left out.</summary>
    public List<RunEffect.Claim> Asked { get; } = [];

    /// <summary>Fences of the places that it has or waits for, by what it told the groups.</summary>
    public HashSet<long> Places { get; } = [];

    public RunState State => Model.Head.State;

    public IEnumerable<StageState> Stages => Model.Head.Stages.Select(stage => stage.State);

    public DateTimeOffset Now => _now;

    public void Wait(TimeSpan span) => _now += span;

    public JobState JobState(string key) => Model.StateOf(Model.Jobs[JobKey.Parse(key)]);

    /// <summary>Lets time pass; the machine then looks at the clock.</summary>
    public void Tick(TimeSpan span)
    {
        _now += span - TimeSpan.FromSeconds(1);
        Do(machine => machine.Tick());
    }

    public void Cancel(CancelMode mode) => Assert.Null(Do(machine => machine.Cancel(mode, Anna)));

    public Contracts.Errors.Refusal? Rerun(string? stage, string? @ref, params (string Name, string Value)[] parameters) => Do(machine =>
        machine.Rerun(new Rerun(stage, parameters.ToImmutableDictionary(p => p.Name, p => p.Value), @ref, Anna)));

    public T Do<T>(Func<RunMachine, T> apply)
    {
        _now += TimeSpan.FromSeconds(1);
        var machine = new RunMachine(Model, _now);
        var result = apply(machine);
        Last = machine.Seal();
        Model = Last.Next;
        Log.AddRange(Last.Events);
        Note();
        return result;
    }

    private void Note()
    {
        foreach (var claim in Last.Effects.OfType<RunEffect.Claim>().Where(claim => !Asked.Contains(claim)))
        {
            Asked.Add(claim);
            Assert.True(Places.Add(claim.Request.Claim.Fence), "a fence was given twice");
        }

        foreach (var place in Last.Effects.OfType<RunEffect.Unclaim>())
        {
            Assert.True(Places.Remove(place.Place.Fence), "a place was given back twice, or never asked for");
        }
    }

    public void Do(Action<RunMachine> apply) => Do(machine =>
    {
        apply(machine);
        return 0;
    });

    public AttemptRecord Attempt(string job, int number = 1) => Model.Attempts[$"{job}/{number}"];

    public Assignment Lease(string job, int number = 1)
    {
        var leased = Do(machine => machine.TryLease(Attempt(job, number).Id, Agent, "builder"));
        Assert.True(leased.Granted, leased.Refusal?.Message);
        return leased.Value;
    }

    public Contracts.Errors.Refusal? Report(string job, ReportKind kind, int number = 1, string? reason = null, string? output = null)
    {
        var attempt = Attempt(job, number);
        var outputs = output is null
            ? ImmutableSortedDictionary<string, string>.Empty
            : ImmutableSortedDictionary<string, string>.Empty.Add(output.Split('=')[0], output.Split('=')[1]);
        return Do(machine => machine.Report(
            new AttemptReport(attempt.Id, attempt.Lease, Agent, kind, reason, null, kind == ReportKind.Failed ? 1 : 0, outputs, 10)));
    }

    public void Succeed(string job, int number = 1, string? output = null)
    {
        Lease(job, number);
        Assert.Null(Report(job, ReportKind.Started, number));
        Assert.Null(Report(job, ReportKind.Succeeded, number, output: output));
    }

    public void Fail(string job, int number = 1, string reason = Reasons.StepFailed)
    {
        Lease(job, number);
        Assert.Null(Report(job, ReportKind.Failed, number, reason));
    }

    public Contracts.Errors.Refusal? Decide(string stage, bool approve, params (string Name, string Value)[] parameters) => Do(machine =>
        machine.Decide(new DecideGate(stage, approve, "because", parameters.ToImmutableDictionary(p => p.Name, p => p.Value), Anna, [Scopes.Approve])));
}
