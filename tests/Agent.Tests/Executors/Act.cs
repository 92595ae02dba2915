namespace Control.Agent.Tests.Executors;

/// <summary>What a step is to do, whatever runs it. It happens in the order of the properties.</summary>
internal sealed record Act
{
    /// <summary>Writes <c>line 1</c> and so on.</summary>
    public int Lines { get; init; }

    /// <summary>Writes the values of these variables.</summary>
    public IReadOnlyList<string> Prints { get; init; } = [];

    /// <summary>A line for the outputs file.</summary>
    public string? Output { get; init; }

    /// <summary>Goes on for good.</summary>
    public bool Hangs { get; init; }

    public int Exit { get; init; }
}
