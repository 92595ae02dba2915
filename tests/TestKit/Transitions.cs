using Control.Contracts;
using Control.Contracts.Runs;

namespace Control.TestKit;

/// <summary>Which states of a run, its stages and its attempts followed each other, going by its events in order.</summary>
public sealed class Transitions
{
    private readonly Dictionary<string, string> _last = [];
    private readonly HashSet<string> _seen = [];

    /// <summary>As <c>run running → waiting</c>; what begins comes from <c>nothing</c>.</summary>
    public IReadOnlyCollection<string> Seen => _seen;

    /// <summary>Takes in what an event says; other views than these say nothing.</summary>
    public void Add(object view)
    {
        switch (view)
        {
            case RunView run:
                Add("run", "", ContractJson.Write(run.State));
                break;
            case StageView stage:
                Add("stage", stage.Name, ContractJson.Write(stage.State));
                break;
            case AttemptView attempt:
                Add("attempt", attempt.Id.LocalKey, ContractJson.Write(attempt.State));
                break;
        }
    }

    private void Add(string kind, string name, string state)
    {
        var (key, next) = ($"{kind} {name}", state.Trim('"'));
        var last = _last.GetValueOrDefault(key, "nothing");
        _last[key] = next;
        if (last != next)
        {
            _seen.Add($"{kind} {last} → {next}");
        }
    }
}
