namespace Orleans.Concurrency;

/// <summary>
/// Lets requests to a grain of this class begin while others wait at an <c>await</c>. Turns still never run
/// in parallel; what another request may have changed during an await is the class's concern.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;
