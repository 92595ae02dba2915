using System.Reflection;
using Control.Runtime.Activations;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Control.Runtime.Calls;

/// <summary>One call on its way through the incoming filters: the silo's, then the grain's own, then the method.</summary>
internal sealed class IncomingCall(GrainRequest request, Activation activation, IIncomingGrainCallFilter[] filters) : IIncomingGrainCallContext
{
    private int _stage;

    public IInvokable Request => request;

    public object Grain => activation.GrainInstance!;

    public GrainId? SourceId => request.Source?.GrainId;

    public GrainId TargetId => activation.GrainId;

    public GrainInterfaceType InterfaceType => request.Method.InterfaceAlias;

    public string InterfaceName => request.GetInterfaceName();

    public string MethodName => request.Method.Name;

    public MethodInfo InterfaceMethod => request.Method.Info;

    public IGrainContext TargetContext => activation;

    public MethodInfo ImplementationMethod
    {
        get
        {
            var map = activation.Class.Type.GetInterfaceMap(request.Method.InterfaceType);
            return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, request.Method.Info)];
        }
    }

    public object? Result
    {
        get => request.UntypedResult;
        set => request.UntypedResult = value;
    }

    /// <summary>Runs all filters and the method. The task is this method's own, so that no filter's task is taken for the method's.</summary>
    public async Task RunAsync() => await Invoke();

    public Task Invoke()
    {
        var stage = _stage++;
        if (stage < filters.Length) return filters[stage].Invoke(this);
        if (stage == filters.Length && activation.GrainInstance is IIncomingGrainCallFilter own) return own.Invoke(this);
        return CallGrainAsync();
    }

    private async Task CallGrainAsync()
    {
        var task = request.CallAsync(activation.GrainInstance!);
        await task;
        request.TakeResult(task);
    }
}
