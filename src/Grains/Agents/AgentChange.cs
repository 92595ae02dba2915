namespace Control.Grains.Agents;

/// <summary>The changes to an agent's document that one commit takes.</summary>
internal sealed class AgentChange(AgentDocument? document)
{
    public AgentDocument? Next { get; private set; } = document;

    public Actor By { get; private set; } = Actor.System;

    public void Apply(Func<AgentDocument, AgentDocument> change, Actor by)
    {
        Next = change(Next!);
        By = by;
    }
}
