namespace Control.Storage.Databases;

/// <summary>A piece of work for a <see cref="WriteQueue"/>: applied with others in one transaction, answered alone.</summary>
/// <param name="size">Roughly how many bytes it writes.</param>
internal abstract class WriteOperation(long size)
{
    /// <summary>Roughly how many bytes it writes; bounds a transaction.</summary>
    public long Size { get; } = size;

    /// <summary>Applies operations of this kind together where that is cheaper; null when each is applied alone.</summary>
    public virtual WriteSet? Set => null;

    /// <summary>
    /// Does the work. Must be repeatable: when the outcome of a transaction is unknown it runs again. A refusal is
    /// remembered for <see cref="Succeed"/>, and then nothing may have been written; an exception takes the whole
    /// transaction back and runs its other operations again without this one.
    /// </summary>
    public abstract void Apply(Session session);

    /// <summary>Answers the caller: the transaction is durable.</summary>
    public abstract void Succeed();

    /// <summary>Answers the caller: nothing was written, or it is not known whether.</summary>
    public abstract void Fail(Exception error);
}

/// <summary>
/// Applies operations of one kind in a number of statements that does not grow with theirs: for databases where each
/// statement is a round trip. Does for each what its <see cref="WriteOperation.Apply"/> does, in any order: none of them is
/// answered yet, so none may count on another. A set has no state.
/// </summary>
internal abstract class WriteSet
{
    /// <summary>Applies them all.</summary>
    public abstract void Apply(Session session, IReadOnlyList<WriteOperation> operations);
}

/// <summary>A <see cref="WriteSet"/> that cannot take two operations on one thing at a time: the second one comes after the first.</summary>
internal abstract class WriteSet<T> : WriteSet
    where T : WriteOperation
{
    /// <inheritdoc/>
    public sealed override void Apply(Session session, IReadOnlyList<WriteOperation> operations)
    {
        for (var rest = operations.Cast<T>().ToList(); rest.Count > 0;)
        {
            // In one order in every process, so that transactions that meet wait for each other and not in a circle.
            var round = rest.DistinctBy(Target).OrderBy(Target, StringComparer.Ordinal).ToArray();
            Apply(session, round);
            rest = round.Length == rest.Count ? [] : [.. rest.Except(round)];
        }
    }

    /// <summary>Names what the operation writes to.</summary>
    protected abstract string Target(T operation);

    /// <summary>Applies operations on different things.</summary>
    protected abstract void Apply(Session session, T[] operations);
}

/// <summary>A <see cref="WriteOperation"/> with an answer.</summary>
internal abstract class WriteOperation<T>(long size) : WriteOperation(size)
{
    // Continuations must not run on the writer's thread: they are callers' code.
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the work is durable, refused or failed.</summary>
    public Task<T> Answer => _answer.Task;

    /// <summary>The answer, or the refusal, once applied.</summary>
    protected abstract T Result { get; }

    /// <summary>Set by <see cref="WriteOperation.Apply"/> when it wrote nothing and the caller is to be told so.</summary>
    protected Exception? Refusal { get; set; }

    /// <inheritdoc/>
    public override void Succeed()
    {
        if (Refusal is null)
            _answer.TrySetResult(Result);
        else
            _answer.TrySetException(Refusal);
    }

    /// <inheritdoc/>
    public override void Fail(Exception error) => _answer.TrySetException(error);
}
