using Control.Engine.Runs;

namespace Control.Grains.Agents;

/// <summary>How an agent lies in the store and shows in lists.</summary>
internal static class AgentRows
{
    public static AgentView View(AgentId id, AgentDocument document) => new(
        id,
        document.Name,
        document.Labels,
        document.Capacity,
        document.State,
        document.Running,
        document.SoftwareVersion,
        document.JoinedAt,
        document.LastSeenAt);

    public static SubjectIndex Index(AgentId id, AgentDocument document, AgentView view, string owner) => new(
        Workspace: "",
        Parent: "",
        Ordinal: document.JoinedAt.ToUnixTimeMilliseconds(),
        StateWords.Of(document.State),
        Terminal: document.IsGone,
        Deleted: document.State == AgentState.Removed,
        ContractJson.Write(view),
        document.CredentialHash,
        document.IsGone ? null : owner);
}
