using Control.Contracts.Access;
using Control.Contracts.Events;

namespace Control.Engine.Runs;

// The end of an ended run.
public sealed partial class RunMachine
{
    /// <summary>
    /// Makes the run a tombstone: who ran it, when and how it ended stays, everything else is dropped. Commands that come later
    /// find no run.
    /// </summary>
    public Refusal? Delete(Actor by)
    {
        if (Gone() is { } gone)
        {
            return gone;
        }

        if (!_model.Head.IsTerminal)
        {
            return Refusal.Conflict("run-not-finished", $"The run is {Word(_model.Head.State)}. Wait for its end, or cancel it.", Word(_model.Head.State));
        }

        SetHead(_model.Head with
        {
            Deleted = true,
            Message = null,
            Parameters = ImmutableSortedDictionary<string, string>.Empty,
            Stages = [],
            Earlier = [],
        });
        _model = _model with { Attempts = _model.Attempts.Clear() };
        Emit(EventTypes.ObjectDeleted, by, Done.Instance);
        return null;
    }

    // Calls that waited together with the deletion may come behind it.
    private Refusal? Gone() => _model.Head.Deleted ? Refusal.NotFound($"The run {_model.Id}") : null;
}
