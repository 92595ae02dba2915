using Control.Contracts.Events;
using Control.Contracts.Runtime;

namespace Control.Engine.Runtime;

/// <summary>The next state of a silo's row.</summary>
/// <param name="State">The state.</param>
/// <param name="Event">What to tell of it, of <see cref="EventTypes"/>; null for nothing.</param>
public readonly record struct SiloStep(SiloState State, string? Event = null);

/// <summary>
/// The state machine of a silo's row, which the silo itself renews and others give up. Methods answer null where nothing is to
/// be written.
/// </summary>
/// <remarks>none → Active → Leaving → Gone; Active and Leaving → Lost → back again; Gone and Lost → deleted.</remarks>
public static class SiloMachine
{
    /// <summary>A row that is not renewed for so long belongs to a silo that is lost. Rows are renewed every 5 s: three may fail.</summary>
    public static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(20);

    /// <summary>Rows of silos that are gone or lost are kept for so long.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>The silo renews its row.</summary>
    /// <param name="found">The row's state; null when there is none yet.</param>
    /// <param name="isLeaving">Whether the silo was told to stop.</param>
    public static SiloStep? Renew(SiloState? found, bool isLeaving)
    {
        var state = isLeaving ? SiloState.Leaving : SiloState.Active;
        return found switch
        {
            null => new SiloStep(state, EventTypes.SiloJoined),
            SiloState.Active or SiloState.Leaving => new SiloStep(state),
            SiloState.Lost => new SiloStep(state, EventTypes.SiloBack),
            _ => null,
        };
    }

    /// <summary>The silo has stopped in order.</summary>
    /// <param name="found">The row's state; null when it never wrote one.</param>
    public static SiloStep? Leave(SiloState? found) => found switch
    {
        SiloState.Active or SiloState.Leaving or SiloState.Lost => new SiloStep(SiloState.Gone, EventTypes.SiloLeft),
        _ => null,
    };

    /// <summary>Another silo saw that the row was not renewed for <see cref="SilentAfter"/>.</summary>
    public static SiloStep? GiveUp(SiloState found) => IsAlive(found) ? new SiloStep(SiloState.Lost, EventTypes.SiloLost) : null;

    /// <summary>Whether a silo of that state is expected to renew its row.</summary>
    public static bool IsAlive(SiloState state) => state is SiloState.Active or SiloState.Leaving;

    /// <summary>Whether a row that was last written so long ago is to be deleted.</summary>
    public static bool IsForgotten(SiloState state, TimeSpan since) => state is SiloState.Gone or SiloState.Lost && since >= KeptFor;
}
