using System.Reflection;
using Control.Runtime.Silo;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Control.Runtime.Calls;

/// <summary>One call on its way through the outgoing filters. A filter may invoke what follows again, which sends the call anew.</summary>
internal sealed class OutgoingCall<TResult>(GrainRequest<TResult> request, GrainSilo silo, IOutgoingGrainCallFilter[] filters) : IOutgoingGrainCallContext
{
    private int _stage;

    public IInvokable Request => request;

    public object Grain => request.Target;

    public GrainId? SourceId => SourceContext?.GrainId;

    public IGrainContext? SourceContext { get; } = Activations.TurnScheduler.RunningActivation;

    public GrainId TargetId => request.Target.GrainId;

    public GrainInterfaceType InterfaceType => request.Method.InterfaceAlias;

    public string InterfaceName => request.GetInterfaceName();

    public string MethodName => request.Method.Name;

    public MethodInfo InterfaceMethod => request.Method.Info;

    public object? Result
    {
        get => request.UntypedResult;
        set => request.UntypedResult = value;
    }

    public async Task<TResult> RunAsync()
    {
        await Invoke();
        return request.Result!;
    }

    public async Task Invoke()
    {
        var stage = _stage++;
        try
        {
            if (stage < filters.Length) await filters[stage].Invoke(this);
            else request.Result = await silo.Send(request.Again());
        }
        finally
        {
            _stage = stage;
        }
    }
}
