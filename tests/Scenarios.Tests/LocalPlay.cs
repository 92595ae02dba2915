using System.Collections.Immutable;
using System.Text;
using System.Threading.Channels;
using Control.Agent.Local;
using Control.Cli.Runs.Local;
using Control.Contracts;
using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;

namespace Control.Scenarios.Tests;

/// <summary>Plays one scenario without a server and does what a person would.</summary>
internal sealed class LocalPlay : IDisposable
{
    /// <summary>As many as the agents of the scenarios' server take.</summary>
    public const int Capacity = 4;

    private static readonly Actor Admin = new(ActorKind.Token, "admin", "admin");
    private readonly Channel<EventView> _events = Channel.CreateUnbounded<EventView>();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, MemoryStream> _logs = [];
    private readonly Queue<Act> _actions;
    private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LocalPlay(string name, PipelineSpec spec, ImmutableSortedDictionary<string, string> parameters, LocalSource? source, Scenario scenario)
    {
        _actions = new Queue<Act>(scenario.Actions);
        Run = new LocalRun(
            new LocalRunOptions
            {
                Id = new RunId(new PipelineId(name, "scenario"), 1),
                Spec = spec,
                By = Admin,
                Parameters = parameters,
                Ref = scenario.Start.Ref,
                Source = source,
                Secrets = Secrets(scenario),
                Labels = new HashSet<string> { "linux" },
                Capacity = Capacity,
                OnEvent = item => _events.Writer.TryWrite(item),
                OnLog = Write,
            },
            TimeProvider.System);
    }

    public LocalRun Run { get; }

    public Dictionary<string, string> Logs
    {
        get
        {
            lock (_gate)
            {
                return Run.Attempts.ToDictionary(attempt => attempt.Id.LocalKey, attempt => TextOf(attempt.Id.LocalKey));
            }
        }
    }

    public async Task FollowAsync(LocalAgent agent, CancellationToken cancellationToken)
    {
        var end = Run.RunAsync(agent);
        var acting = ActAsync(cancellationToken);
        await end.WaitAsync(cancellationToken);
        _events.Writer.Complete();
        await acting;
        while (_actions.TryPeek(out var act) && act.When.Run is { } state)
        {
            Assert.Equal(state, Run.View.State);
            await DoAsync(_actions.Dequeue());
        }

        Assert.True(_actions.Count == 0, $"The moment of the action '{_actions.FirstOrDefault()?.Do}' never came.");
    }

    public void Dispose() => Run.Dispose();

    private async Task ActAsync(CancellationToken cancellationToken)
    {
        var last = 0L;
        await foreach (var item in _events.Reader.ReadAllAsync(cancellationToken))
        {
            Assert.Equal(++last, item.Sequence);
            while (_actions.TryPeek(out var act) && await MatchesAsync(act.When, item, cancellationToken))
            {
                await DoAsync(_actions.Dequeue());
            }
        }
    }

    private async Task<bool> MatchesAsync(Moment moment, EventView item, CancellationToken cancellationToken) => item.Type switch
    {
        EventTypes.StageChanged => ContractJson.Read<StageView>(item.Data) is var stage
            && stage.Name == moment.Stage && stage.State == moment.StageState,
        EventTypes.AttemptChanged => ContractJson.Read<AttemptView>(item.Data) is var attempt
            && attempt.Id.LocalKey == moment.Attempt && attempt.State == moment.AttemptState
            && (moment.Log is null || await LogsAsync(attempt.Id.LocalKey, moment.Log, cancellationToken)),
        _ => false,
    };

    private async Task<bool> LogsAsync(string attempt, string text, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task written;
            lock (_gate)
            {
                if (TextOf(attempt).Contains(text, StringComparison.Ordinal))
                {
                    return true;
                }

                written = _written.Task;
            }

            await written.WaitAsync(cancellationToken);
        }
    }

    private async Task DoAsync(Act act)
    {
        var refusal = act.Do switch
        {
            Deed.Approve or Deed.Reject => Run.Decide(new DecideGate(act.Stage, act.Do == Deed.Approve, act.Comment, act.Parameters.ToImmutableDictionary(), Admin, [])),
            Deed.Cancel => Run.Cancel(act.Mode),
            _ => throw new InvalidOperationException($"Nothing local does '{act.Do}'."),
        };
        Check(act.Refused, refusal);
        if (act.Touch is not null) await File.WriteAllTextAsync(act.Touch, "");
    }

    private static void Check(Refused? expected, Refusal? actual)
    {
        Assert.Equal(expected?.Code, actual?.Code);
        Assert.Equal((expected?.Fields ?? []).Order(StringComparer.Ordinal), (actual?.Fields ?? []).Select(error => error.Field).Order(StringComparer.Ordinal));
    }

    private void Write(AttemptId attempt, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (!_logs.TryGetValue(attempt.LocalKey, out var log))
            {
                _logs.Add(attempt.LocalKey, log = new MemoryStream());
            }

            log.Write(bytes);
            _written.TrySetResult();
            _written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private string TextOf(string attempt) => _logs.TryGetValue(attempt, out var log) ? Encoding.UTF8.GetString(log.ToArray()) : "";

    private static LocalSecrets Secrets(Scenario scenario)
    {
        var secrets = new LocalSecrets();
        foreach (var (name, value) in scenario.Secrets.Concat(scenario.PipelineSecrets))
        {
            if (value.Kind == SecretKind.Password)
            {
                secrets.Set($"{name}.user", value.User ?? "");
                secrets.Set($"{name}.password", value.Password ?? "");
            }
            else
            {
                secrets.Set(name, value.Text ?? "");
            }
        }

        return secrets;
    }
}
