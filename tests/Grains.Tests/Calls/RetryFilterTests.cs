using System.Reflection;
using Control.Grains.Calls;
using Control.TestKit;
using Orleans;
using Orleans.Runtime;

namespace Control.Grains.Tests.Calls;

public sealed class RetryFilterTests
{
    private readonly ManualClock _clock = new();
    private readonly RetryFilter _filter;

    public RetryFilterTests() => _filter = new RetryFilter(_clock);

    [Theory]
    [InlineData(typeof(SiloUnavailableException))]
    [InlineData(typeof(OrleansMessageRejectionException))]
    public async Task Invoke_SafeMethodAndSiloGone_Repeated(Type fault)
    {
        const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        var (context, call) = Calling(nameof(IRunGrain.Report), (Exception)Activator.CreateInstance(fault, Any, binder: null, ["gone"], culture: null)!);
        await _filter.Invoke(context);
        Assert.Equal(2, call.Invocations);
    }

    [Fact]
    public async Task Invoke_SafeMethodAndSiloStaysGone_GivesUpAfterAllPauses()
    {
        var (context, call) = Calling(nameof(IRunGrain.Report), [.. Enumerable.Repeat(new SiloUnavailableException(), 99)]);
        var invoked = _filter.Invoke(context);
        for (var pauses = 2; pauses <= RetryFilter.Pauses.Length; pauses++)
        {
            Assert.Equal(pauses, call.Invocations);
            var paused = call.NextInvocation;
            _clock.Advance(RetryFilter.Pauses[pauses - 1]);
            await paused;
        }

        await Assert.ThrowsAsync<SiloUnavailableException>(() => invoked);
        Assert.Equal(RetryFilter.Pauses.Length + 1, call.Invocations);
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
        private TaskCompletionSource _next = new();

        internal MethodInfo Method { get; set; } = null!;

        internal Queue<Exception> Faults { get; set; } = null!;

        internal int Invocations { get; private set; }

        internal Task NextInvocation => (_next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            $"get_{nameof(IGrainCallContext.InterfaceMethod)}" => Method,
            nameof(IGrainCallContext.Invoke) => InvokeAsync(),
            var other => throw new NotSupportedException(other),
        };

        private Task InvokeAsync()
        {
            Invocations++;
            _next.TrySetResult();
            return Faults.TryDequeue(out var fault) ? Task.FromException(fault) : Task.CompletedTask;
        }
    }
}
