namespace Control.Storage.Databases;

/// <summary>A piece of work for a <see cref="WriteQueue"/>: applied with others in one transaction, answered alone.</summary>
/// <param name="size">Roughly how many bytes it writes.</param>
internal abstract class WriteOperation(long size)
{
    /// <summary>Roughly how many bytes it writes; bounds a transaction.</summary>
    public long Size { get; } = size;

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
