namespace Control.Api.Http;

/// <summary>
/// The refusal of those who know more of the store than it does, or other things: it was restored from a backup since.
/// Answered with 410.
/// </summary>
internal static class StoreRestored
{
    /// <summary>The stable code.</summary>
    public const string Code = "store-restored";

    /// <summary>For who goes on reading where it stopped.</summary>
    public static ControlException ForReaders() => new(
        Code, "The server's store was restored from a backup, and what follows there is not what followed before. Begin anew: read what this is about, then go on without a Last-Event-ID or number.");

    /// <summary>For agents.</summary>
    public static ControlException ForAgents() => new(Code, "The server's store was restored from a backup. End all jobs, forget them and start anew.");
}
