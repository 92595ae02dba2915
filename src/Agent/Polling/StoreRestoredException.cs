namespace Control.Agent.Polling;

/// <summary>The server's store was restored from a backup: what runs here may be work that it never gave out.</summary>
internal sealed class StoreRestoredException() : Exception("The server's store was restored from a backup.");
