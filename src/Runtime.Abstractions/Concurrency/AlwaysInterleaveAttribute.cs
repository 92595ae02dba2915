namespace Orleans.Concurrency;

/// <summary>Lets this method begin at once, between the turns of whatever request runs.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;
