using System.Reflection;
using Control.Grains.Calls;
using Orleans;
using Orleans.Runtime;

namespace Control.Grains.Tests.Calls;

public sealed class RetryFilterTests
{
    private readonly RetryFilter _filter = new();

    [Fact]
    public async Task Invoke_SafeMethodAndSiloGone_Repeated()
    {
        var (context, call) = Calling(nameof(IRunGrain.Report), new SiloUnavailableException(), new SiloUnavailableException());
        await _filter.Invoke(context);
        Assert.Equal(3, call.Invocations);
    }

    [Fact]
    public async Task Invoke_SafeMethodAndSiloStaysGone_GivesUpAfterThree()
    {
        var (context, call) = Calling(nameof(IRunGrain.Report), [.. Enumerable.Repeat(new SiloUnavailableException(), 9)]);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => _filter.Invoke(context));
        Assert.Equal(3, call.Invocations);
    }

    [Fact]
    public async Task Invoke_UnmarkedMethodAndSiloGone_NotRepeated()
    {
        var (context, call) = Calling(nameof(IRunGrain.TryLease), new SiloUnavailableException());
        await Assert.ThrowsAsync<SiloUnavailableException>(() => _filter.Invoke(context));
        Assert.Equal(1, call.Invocations);
    }

    [Fact]
    public async Task Invoke_SafeMethodAndTimeout_NotRepeated()
    {
        var (context, call) = Calling(nameof(IRunGrain.Report), new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => _filter.Invoke(context));
        Assert.Equal(1, call.Invocations);
    }

    [Fact]
    public async Task Invoke_SafeMethodAndFault_NotRepeated()
    {
        var (context, call) = Calling(nameof(IRunGrain.Report), new ControlException("x", "y"));
        await Assert.ThrowsAsync<ControlException>(() => _filter.Invoke(context));
        Assert.Equal(1, call.Invocations);
    }

    private static (IOutgoingGrainCallContext Context, Call Call) Calling(string method, params Exception[] faults)
    {
        var context = DispatchProxy.Create<IOutgoingGrainCallContext, Call>();
        var call = (Call)context;
        (call.Method, call.Faults) = (typeof(IRunGrain).GetMethod(method)!, new Queue<Exception>(faults));
        return (context, call);
    }

    /// <summary>A call as the filter sees it; made at run time, because the engines' interfaces differ in what nobody here uses.</summary>
    public class Call : DispatchProxy
    {
        internal MethodInfo Method { get; set; } = null!;

        internal Queue<Exception> Faults { get; set; } = null!;

        internal int Invocations { get; private set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            $"get_{nameof(IGrainCallContext.InterfaceMethod)}" => Method,
            nameof(IGrainCallContext.Invoke) => InvokeAsync(),
            var other => throw new NotSupportedException(other),
        };

        private Task InvokeAsync()
        {
            Invocations++;
            return Faults.TryDequeue(out var fault) ? Task.FromException(fault) : Task.CompletedTask;
        }
    }
}
