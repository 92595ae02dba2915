using System.Diagnostics;
using System.Reflection;
using Control.Runtime.Codecs;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Control.Runtime;

/// <summary>
/// One call on its way: the message, its arguments and the caller's side of the answer in one object, so that a call
/// within the process costs two allocations. Generated code derives one class per grain method.
/// </summary>
public abstract class GrainRequest : Turn, IInvokable
{
    private protected GrainRequest()
    {
    }

    /// <summary>The method called.</summary>
    public abstract GrainMethod Method { get; }

    internal GrainReference Target { get; set; } = null!;

    internal IGrainContext? Source { get; set; }

    internal Dictionary<string, object>? Context { get; set; }

    internal Activity? Activity { get; set; }

    internal PendingSlot Pending;

    internal CallCancellation? Cancellation { get; set; }

    /// <summary>What takes the call to another silo, and knows it by <see cref="Number"/>; null for a call that stays.</summary>
    internal IRequestCarrier? Carrier { get; set; }

    internal long Number { get; set; }

    /// <summary>How many silos have sent it on.</summary>
    internal int Hops { get; set; }

    internal abstract Task Answer { get; }

    internal abstract object? UntypedResult { get; set; }

    /// <summary>The token among the arguments; the default one when the method takes none.</summary>
    public virtual CancellationToken Token
    {
        get => default;
        set => throw new InvalidOperationException($"{Method.Name} takes no cancellation token.");
    }

    /// <inheritdoc/>
    public abstract int GetArgumentCount();

    /// <inheritdoc/>
    public abstract object? GetArgument(int index);

    /// <inheritdoc/>
    public string GetMethodName() => Method.Name;

    /// <inheritdoc/>
    public string GetInterfaceName() => Method.InterfaceType.FullName!;

    /// <inheritdoc/>
    public MethodInfo GetMethod() => Method.Info;

    /// <summary>Calls the method on the grain's instance.</summary>
    public abstract Task CallAsync(object grain);

    /// <summary>Replaces the arguments by copies that the caller cannot change.</summary>
    public abstract void CopyArguments();

    /// <summary>Writes the arguments as the members of an object, numbered from 1.</summary>
    public abstract void WriteArguments(WireWriter writer);

    /// <summary>Reads the arguments of an empty request.</summary>
    /// <exception cref="WireFormatException">The bytes are not this method's arguments.</exception>
    public abstract void ReadArguments(ref WireReader reader);

    internal abstract void TakeResult(Task completed);

    internal abstract bool TryComplete();

    /// <summary>Writes the result of a call that was answered.</summary>
    internal abstract void WriteResult(WireWriter writer);

    /// <summary>Answers with a result from elsewhere.</summary>
    /// <exception cref="WireFormatException">The bytes are not this method's result.</exception>
    internal abstract bool TryComplete(ref WireReader reader);

    internal abstract bool TryFail(Exception fault);

    internal abstract bool TryCancel(CancellationToken token);

    /// <summary>The same call once more, as a filter that repeats asks for.</summary>
    internal abstract GrainRequest Again();
}
