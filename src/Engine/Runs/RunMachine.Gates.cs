using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Runs;
using Control.Engine.Pipelines.Reading;

namespace Control.Engine.Runs;

// Decisions at gates.
public sealed partial class RunMachine
{
    /// <summary>A person's decision at the gate.</summary>
    public Refusal? Decide(DecideGate command)
    {
        if (Gone() is { } gone)
        {
            return gone;
        }

        var index = RunPlan.StageIndex(_model.Plan, command.Stage);
        if (index < 0 || _model.Plan.Stages[index].Gate is not { } gate)
        {
            return Refusal.NotFound($"A gate '{command.Stage}'");
        }

        var stage = _model.Head.Stages[index];
        if (_model.Head.State != RunState.Waiting || stage.State != StageState.Waiting)
        {
            return Refusal.Conflict(
                "gate-not-waiting",
                $"The gate '{command.Stage}' does not wait for a decision: the run is {Word(_model.Head.State)}, the stage {Word(stage.State)}.",
                Word(stage.State));
        }

        return MayDecide(gate, stage, command) ?? (command.Approve ? Approve(index, gate, command) : Reject(index, command));
    }

    private Refusal? MayDecide(GateSpec gate, StageRecord stage, DecideGate command)
    {
        if (!gate.Approvers.IsEmpty && !gate.Approvers.Any(approver => IsMeant(approver, command)))
        {
            return Refusal.Forbidden("not-an-approver", $"The gate '{command.Stage}' is decided by {string.Join(", ", gate.Approvers)}. Ask one of them.");
        }

        var starter = _model.Head.RoundBy ?? _model.Head.StartedBy;
        if (command.Approve && !gate.OwnApproval && IsSame(starter, command.By))
        {
            return Refusal.Forbidden("own-approval", $"The gate '{command.Stage}' does not let {starter.Name}, who started the run, approve it. Ask somebody else.");
        }

        return command.Approve && stage.Approvals.Any(approval => IsSame(approval.By, command.By))
            ? Refusal.Conflict("approved-already", $"{command.By.Name} has approved the gate '{command.Stage}' already; it needs {gate.Count} different people.", Word(stage.State))
            : null;
    }

    private static bool IsMeant(string approver, DecideGate command) =>
        approver.StartsWith(GateReader.ScopePrefix, StringComparison.Ordinal)
            ? command.Scopes.Contains(approver[GateReader.ScopePrefix.Length..])
            : approver == command.By.Name || approver == command.By.Id;

    // Approvers are meant by name, so two tokens of one name are one person.
    private static bool IsSame(Actor one, Actor other) => one.Kind == other.Kind && (one.Id == other.Id || one.Name == other.Name);

    private Refusal? Approve(int index, GateSpec gate, DecideGate command)
    {
        var stage = _model.Head.Stages[index];
        var (values, errors) = Pipelines.ParameterBinder.Bind(gate.Parameters, command.Parameters);
        if (stage.Approvals is [var first, ..])
        {
            // What the first one approved is what all approve.
            if (!command.Parameters.IsEmpty && !values.SequenceEqual(first.Parameters))
            {
                return Refusal.Conflict("other-parameters", $"{first.By.Name} has approved the gate '{command.Stage}' with other parameters. Pass the same or none, or reject it.", Word(stage.State));
            }

            values = first.Parameters;
        }
        else if (!errors.IsEmpty)
        {
            return Refusal.BadRequest("bad-parameters", $"The gate '{command.Stage}' does not accept these parameters.", errors);
        }

        Approve(index, gate, new GateDecision(true, command.Comment, values, command.By, _now));
        return null;
    }

    private void Approve(int index, GateSpec gate, GateDecision decision)
    {
        var stage = _model.Head.Stages[index] with { Approvals = _model.Head.Stages[index].Approvals.Add(decision) };
        if (decision.By != Actor.System && stage.Approvals.Length < gate.Count)
        {
            SetStage(index, stage, decision.By, EventTypes.GateDecided);
            return;
        }

        SetState(RunState.Running, decision.By);
        BeginStage(index, stage with { Decision = decision }, decision.By, EventTypes.GateDecided);
    }

    private Refusal? Reject(int index, DecideGate command)
    {
        var decision = new GateDecision(false, command.Comment, ImmutableSortedDictionary<string, string>.Empty, command.By, _now);
        Reject(index, decision, $"{command.By.Name} rejected the gate '{command.Stage}'.");
        return null;
    }

    private void Reject(int index, GateDecision decision, string message)
    {
        SetStage(
            index,
            _model.Head.Stages[index] with { State = StageState.Failed, Decision = decision, FinishedAt = _now },
            decision.By,
            EventTypes.GateDecided);
        SetOutcome(RunState.Failed, Reasons.Rejected, message);
        StartFrom(index + 1, decision.By);
    }

    private void DecideOverdue(int index, GateSpec gate)
    {
        const string comment = "Nobody decided before the deadline.";
        if (gate.ApproveOnDeadline)
        {
            var values = _model.Head.Stages[index].Approvals is [var first, ..]
                ? first.Parameters
                : Pipelines.ParameterBinder.Bind(gate.Parameters, ImmutableDictionary<string, string>.Empty).Values;
            Approve(index, gate, new GateDecision(true, comment, values, Actor.System, _now));
        }
        else
        {
            var decision = new GateDecision(false, comment, ImmutableSortedDictionary<string, string>.Empty, Actor.System, _now);
            Reject(index, decision, $"Nobody decided the gate '{_model.Plan.Stages[index].Name}' before its deadline.");
        }
    }
}
