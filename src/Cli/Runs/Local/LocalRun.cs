using System.Collections.Immutable;
using System.Text.Json;
using Control.Agent.Local;
using Control.Contracts;
using Control.Contracts.Errors;
using Control.Contracts.Events;
using Control.Contracts.Groups;
using Control.Contracts.Runs;
using Control.Engine.Groups;
using Control.Engine.Runs;

namespace Control.Cli.Runs.Local;

/// <summary>
/// A run without a server: the same <see cref="RunMachine"/> that a run's grain works with, one event at a time, and its jobs
/// on a <see cref="LocalAgent"/>. What the grain commits is only kept in memory here, so the run ends with the program.
/// </summary>
internal sealed class LocalRun : ILocalRun, IDisposable
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LocalRunOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _due;
    private RunModel? _model;
    private LocalAgent? _agent;
    private readonly Dictionary<GroupId, GroupModel> _groups = [];
    private long _events;

    /// <summary>A run that has not begun.</summary>
    public LocalRun(LocalRunOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _due = time.CreateTimer(_ => Post(machine => machine.Tick()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The run as it is.</summary>
    public RunView View
    {
        get
        {
            lock (_gate)
            {
                return RunViews.Run(Model);
            }
        }
    }

    /// <summary>Its attempts, in the order in which they became ready.</summary>
    public IReadOnlyList<AttemptView> Attempts
    {
        get
        {
            lock (_gate)
            {
                return [.. Model.Attempts.Values.OrderBy(attempt => attempt.QueuedAt).Select(RunViews.Attempt)];
            }
        }
    }

    private RunModel Model => _model ?? throw new InvalidOperationException("The run has not begun.");

    /// <summary>Runs it to its end.</summary>
    public async Task RunAsync(LocalAgent agent)
    {
        var command = new CreateRun(1, _options.Spec, _options.Parameters, _options.Ref ?? _options.Spec.Source?.Ref, _time.GetUtcNow(), _options.By, null);
        lock (_gate)
        {
            _agent = agent;
            Take(RunMachine.Create(_options.Id, command));
        }

        await _ended.Task;
    }

    /// <summary>Decides a gate; null when it counts.</summary>
    public Refusal? Decide(DecideGate command) => Post(machine => machine.Decide(command));

    /// <summary>Cancels the run; a repeat may make it more urgent. Null when it counts.</summary>
    public Refusal? Cancel(CancelMode mode) => Post(machine => machine.Cancel(mode, _options.By));

    /// <inheritdoc/>
    public Task<Refusal?> ReportAsync(AttemptReport report) => Task.FromResult(Post(machine => machine.Report(report)));

    /// <inheritdoc/>
    public void Log(AttemptId attempt, ReadOnlySpan<byte> bytes) => _options.OnLog(attempt, bytes);

    public void Dispose() => _due.Dispose();

    private void Post(Action<RunMachine> apply) => Post<Refusal?>(machine =>
    {
        apply(machine);
        return null;
    });

    private T Post<T>(Func<RunMachine, T> apply)
    {
        lock (_gate)
        {
            var machine = new RunMachine(Model, _time.GetUtcNow());
            var result = apply(machine);
            Take(machine.Seal());
            return result;
        }
    }

    private void Take(RunChange change)
    {
        if (!change.IsEmpty)
        {
            _model = change.Next;
            foreach (var item in change.Events)
            {
                _options.OnEvent(new EventView(++_events, item.Type, item.At, item.By, JsonSerializer.Serialize(item.View, item.View.GetType(), ContractJson.Options)));
            }

            Carry(change.Effects);
            LeaseWhatFits();
        }

        if (Model.Head.IsTerminal)
        {
            _ended.TrySetResult();
        }

        WakeWhenDue();
    }

    // What waits for an agent is read from the state, and ended leases free their place by themselves.
    private void Carry(ImmutableArray<RunEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case RunEffect.Stop stop:
                    _agent!.Stop(stop.Lease);
                    break;
                case RunEffect.Claim claim:
                    Ask(claim.Group, machine => machine.Claim(claim.Request));
                    break;
                case RunEffect.Unclaim unclaim:
                    Ask(unclaim.Group, machine => machine.Release(unclaim.Place));
                    break;
                case RunEffect.ResolveSource:
                    _ = ResolveAsync();
                    break;
            }
        }
    }

    // Here the groups have nobody but this run in them.
    private void Ask(GroupId group, Action<GroupMachine> apply)
    {
        var machine = new GroupMachine(_groups.GetValueOrDefault(group) ?? GroupModel.Empty(group), _time.GetUtcNow());
        apply(machine);
        var change = machine.Seal();
        _groups[group] = change.Next;
        foreach (var answer in change.Answers)
        {
            Post(run => run.Answer(answer.Answer));
        }
    }

    private async Task ResolveAsync()
    {
        SourceResolution resolution;
        try
        {
            resolution = await Task.Run(() => _options.Source!.ResolveAsync(CancellationToken.None));
        }
        catch (Exception e) when (e is ControlException or IOException)
        {
            resolution = new SourceResolution(null, e.Message);
        }

        Post(machine => machine.SourceResolved(resolution));
    }

    private void LeaseWhatFits()
    {
        while (Model.Attempts.Values.Count(attempt => attempt.IsHeld) < _options.Capacity && NextQueued() is { } next)
        {
            var machine = new RunMachine(Model, _time.GetUtcNow());
            var leased = machine.TryLease(next.Id, LocalAgent.Id, LocalAgent.Id.Value);
            Take(machine.Seal());
            if (leased.Granted)
            {
                _agent!.Start(_options.Secrets.Fill(leased.Value));
            }
        }
    }

    private AttemptRecord? NextQueued() => Enumerable.Range(0, Model.Plan.Stages.Length)
        .SelectMany(stage => Model.Jobs[stage])
        .Select(job => Model.LatestAttempt(job.Key))
        .FirstOrDefault(attempt => attempt?.State == AttemptState.Queued && (_options.Labels is null || attempt.Pool.IsServedBy(_options.Labels)));

    private void WakeWhenDue()
    {
        var left = RunMachine.NextDue(Model) - _time.GetUtcNow();
        // Due times lie up to weeks ahead; a timer holds 49 days.
        _due.Change(left is { } span ? TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(span.TotalMilliseconds), 1, int.MaxValue)) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
