using System.Reflection;
using Control.Grains.Calls;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Control.Grains.Tests.Calls;

public sealed class RetryFilterTests
{
    private readonly RetryFilter _filter = new();

    [Fact]
    public async Task Invoke_SafeMethodAndSiloGone_Repeated()
    {
        var call = new Call(nameof(IRunGrain.Report), new SiloUnavailableException(), new SiloUnavailableException());
        await _filter.Invoke(call);
        Assert.Equal(3, call.Invocations);
    }

    [Fact]
    public async Task Invoke_SafeMethodAndSiloStaysGone_GivesUpAfterThree()
    {
        var call = new Call(nameof(IRunGrain.Report), [.. Enumerable.Repeat(new SiloUnavailableException(), 9)]);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => _filter.Invoke(call));
        Assert.Equal(3, call.Invocations);
    }

    [Fact]
    public async Task Invoke_UnmarkedMethodAndSiloGone_NotRepeated()
    {
        var call = new Call(nameof(IRunGrain.TryLease), new SiloUnavailableException());
        await Assert.ThrowsAsync<SiloUnavailableException>(() => _filter.Invoke(call));
        Assert.Equal(1, call.Invocations);
    }

    [Fact]
    public async Task Invoke_SafeMethodAndTimeout_NotRepeated()
    {
        var call = new Call(nameof(IRunGrain.Report), new TimeoutException());
        await Assert.ThrowsAsync<TimeoutException>(() => _filter.Invoke(call));
        Assert.Equal(1, call.Invocations);
    }

    [Fact]
    public async Task Invoke_SafeMethodAndFault_NotRepeated()
    {
        var call = new Call(nameof(IRunGrain.Report), new ControlException("x", "y"));
        await Assert.ThrowsAsync<ControlException>(() => _filter.Invoke(call));
        Assert.Equal(1, call.Invocations);
    }

    private sealed class Call(string method, params Exception[] faults) : IOutgoingGrainCallContext
    {
        private readonly Queue<Exception> _faults = new(faults);

        public int Invocations { get; private set; }

        public MethodInfo InterfaceMethod { get; } = typeof(IRunGrain).GetMethod(method)!;

        public string MethodName => InterfaceMethod.Name;

        public object? Result { get; set; }

        public IInvokable Request => throw new NotSupportedException();

        public object Grain => throw new NotSupportedException();

        public GrainId? SourceId => null;

        public IGrainContext? SourceContext => null;

        public GrainId TargetId => default;

        public GrainInterfaceType InterfaceType => default;

        public string InterfaceName => nameof(IRunGrain);

        public Task Invoke()
        {
            Invocations++;
            return _faults.TryDequeue(out var fault) ? Task.FromException(fault) : Task.CompletedTask;
        }
    }
}
