namespace Control.Runtime;

/// <summary>The result of a grain method that returns none.</summary>
public readonly struct NoResult;
