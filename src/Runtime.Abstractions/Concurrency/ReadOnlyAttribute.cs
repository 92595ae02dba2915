namespace Orleans.Concurrency;

/// <summary>Promises that the method does not change the grain, so that it interleaves with other methods of the same promise.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;
