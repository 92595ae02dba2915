namespace Control.Contracts;

/// <summary>
/// Marks a grain method that may be repeated after a call whose outcome is unknown (the silo went away, the answer was
/// lost): the second call finds the first one's work done. The outgoing call filter repeats only these.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SafeToRetryAttribute : Attribute;
