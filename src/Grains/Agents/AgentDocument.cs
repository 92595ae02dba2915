namespace Control.Grains.Agents;

/// <summary>The document of an agent.</summary>
internal sealed record AgentDocument(
    string Name,
    ImmutableArray<string> Labels,
    int Capacity,
    string SoftwareVersion,
    DateTimeOffset JoinedAt,
    string CredentialHash,
    AgentState State,
    string? BootId,
    DateTimeOffset LastSeenAt,
    int Running)
{
    public bool IsGone => State is AgentState.Removed or AgentState.Offline;
}
