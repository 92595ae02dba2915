using Control.Runtime.Codecs;

namespace Control.Runtime;

/// <summary>A call whose method gives a result.</summary>
/// <typeparam name="TResult">The result; <see cref="NoResult"/> when the method gives none.</typeparam>
public abstract class GrainRequest<TResult> : GrainRequest
{
    // Continuations run elsewhere: the caller's code never runs inside the callee's turn.
    private TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    internal TResult? Result { get; set; }

    /// <summary>The result's codec; null when the method gives none.</summary>
    public virtual Codec<TResult>? ResultCodec => null;

    internal Task<TResult> TypedAnswer => _answer.Task;

    internal sealed override Task Answer => _answer.Task;

    internal sealed override object? UntypedResult
    {
        get => ResultCodec is null ? null : Result;
        set => Result = (TResult?)value;
    }

    internal sealed override void TakeResult(Task completed)
    {
        if (completed is Task<TResult> typed) Result = typed.Result;
    }

    internal sealed override bool TryComplete() => _answer.TrySetResult(ResultCodec is { } codec ? codec.Copy(Result!) : Result!);

    internal sealed override void WriteResult(WireWriter writer) => ResultCodec?.WriteElement(writer, _answer.Task.Result);

    internal sealed override bool TryComplete(ref WireReader reader) =>
        _answer.TrySetResult(ResultCodec is { } codec ? codec.ReadElement(ref reader) : default!);

    internal sealed override bool TryFail(Exception fault) => _answer.TrySetException(fault);

    internal sealed override bool TryCancel(CancellationToken token) => _answer.TrySetCanceled(token);

    internal sealed override GrainRequest<TResult> Again()
    {
        var again = (GrainRequest<TResult>)MemberwiseClone();
        again._answer = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        again.Result = default;
        again.Next = null;
        again.Pending = default;
        again.Cancellation = null;
        again.Carrier = null;
        again.CopyArguments();
        return again;
    }
}
