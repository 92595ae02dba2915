namespace Control.Grains.Agents;

/// <summary>The changes to an agent's document that one commit takes.</summary>
internal sealed class AgentChange(AgentDocument? document)
{
    public AgentDocument? Next { get; private set; } = document;

    public Actor By { get; private set; } = Actor.System;

    public bool HasChanged { get; private set; }

    /// <summary>True when nothing of a removed agent is left to be lost, so that nobody needs to wake it again.</summary>
    public bool IsSettled { get; private set; }

    public void Apply(Func<AgentDocument, AgentDocument> change, Actor by)
    {
        // Removal is for good: a poll that was under way meanwhile must not bring the agent back.
        if (Next is not { State: AgentState.Removed })
        {
            Next = change(Next!);
            By = by;
            HasChanged = true;
        }
    }

    public void Settle() => IsSettled = true;
}
