using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Runs;

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

        if (_model.Head.Kept is { } kept)
        {
            return Refusal.Conflict("run-kept", $"The run is kept by {kept.By.Name}. Unkeep it first.", Word(_model.Head.State));
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

    /// <summary>As <see cref="Delete"/>, unless the run changed since the policy was applied to it.</summary>
    public Refusal? Expire(ExpireRun command)
    {
        // The state is the next version already.
        var version = _model.Head.Version - 1;
        return Gone() ?? (version == command.Version ? Delete(command.By) : Refusal.VersionMismatch(version));
    }

    /// <summary>Keeps the run from being deleted, ended or not.</summary>
    public Refusal? Keep(KeepRun command)
    {
        if (Gone() is { } gone)
        {
            return gone;
        }

        if (_model.Head.Kept is not { } kept || kept.Reason != command.Reason)
        {
            SetHead(_model.Head with { Kept = new Kept(command.Reason, command.By, _now) });
            Emit(EventTypes.RunChanged, command.By, RunViews.Run(_model));
        }

        return null;
    }

    /// <summary>Leaves the run to the retention policy again.</summary>
    public Refusal? Unkeep(Actor by)
    {
        if (Gone() is { } gone)
        {
            return gone;
        }

        if (_model.Head.Kept is not null)
        {
            SetHead(_model.Head with { Kept = null });
            Emit(EventTypes.RunChanged, by, RunViews.Run(_model));
            _effects.Add(new RunEffect.Unkept());
        }

        return null;
    }

    // Calls that waited together with the deletion may come behind it.
    private Refusal? Gone() => _model.Head.Deleted ? Refusal.NotFound($"The run {_model.Id}") : null;
}
