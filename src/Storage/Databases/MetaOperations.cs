namespace Control.Storage.Databases;

/// <summary>Takes the next generation.</summary>
internal sealed class GenerationOperation() : WriteOperation<long>(64)
{
    private long _generation;

    /// <inheritdoc/>
    protected override long Result => _generation;

    /// <inheritdoc/>
    public override void Apply(Session session) => _generation = Meta.NextGeneration(session);
}

/// <summary>Finds out whether the database takes transactions.</summary>
internal sealed class ProbeOperation() : WriteOperation<string>(64)
{
    private string? _incarnation;

    /// <inheritdoc/>
    protected override string Result => _incarnation!;

    /// <inheritdoc/>
    public override void Apply(Session session) => _incarnation = Meta.Get(session, Meta.IncarnationName);
}
