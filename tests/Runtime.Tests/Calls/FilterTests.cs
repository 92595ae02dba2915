using Control.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Control.Runtime.Tests.Calls;

public sealed class FilterTests : RuntimeTest
{
    private readonly List<string> _seen = [];
    private Func<IIncomingGrainCallContext, Task> _incoming = context => context.Invoke();
    private Func<IOutgoingGrainCallContext, Task> _outgoing = context => context.Invoke();

    protected override void Configure(IServiceCollection services)
    {
        services.AddSingleton<IIncomingGrainCallFilter>(new Incoming(context => NoteAsync("in 1", context, _incoming)));
        services.AddSingleton<IIncomingGrainCallFilter>(new Incoming(context => NoteAsync("in 2", context, inner => inner.Invoke())));
        services.AddSingleton<IOutgoingGrainCallFilter>(new Outgoing(context => NoteAsync("out 1", context, _outgoing)));
        services.AddSingleton<IOutgoingGrainCallFilter>(new Outgoing(context => NoteAsync("out 2", context, inner => inner.Invoke())));
    }

    [Fact]
    public async Task Filters_AllKinds_RunInOrderAroundTheCall()
    {
        Assert.Equal(42, await Grain<IFilteredGrain>().Answer());
        Assert.Equal(
            ["out 1 begins", "out 2 begins", "in 1 begins", "in 2 begins", "in 2 ends", "in 1 ends", "out 2 ends", "out 1 ends"], _seen);
        Assert.Equal(["own filter", "method"], Gates.Log);
    }

    [Fact]
    public async Task Incoming_Context_TellsOfTheCall()
    {
        _incoming = context =>
        {
            Assert.Equal("Double", context.MethodName);
            Assert.Equal("test.call", context.InterfaceType.ToString());
            Assert.Equal(typeof(ICallGrain).FullName, context.InterfaceName);
            Assert.Equal(typeof(int), context.InterfaceMethod.GetParameters()[0].ParameterType);
            Assert.Equal(typeof(CallGrain), context.ImplementationMethod.DeclaringType);
            Assert.IsType<CallGrain>(context.Grain);
            Assert.Same(context.Grain, context.TargetContext.GrainInstance);
            Assert.Equal("call/one", context.TargetId.ToString());
            Assert.Equal(1, context.Request.GetArgumentCount());
            Assert.Equal(21, context.Request.GetArgument(0));
            return context.Invoke();
        };
        Assert.Equal(42, await Grain<ICallGrain>().Double(21));
    }

    [Fact]
    public async Task Incoming_ReplacesTheResult_CallerGetsTheNewOne()
    {
        _incoming = async context =>
        {
            await context.Invoke();
            context.Result = (int)context.Result! + 1;
        };
        Assert.Equal(43, await Grain<ICallGrain>().Double(21));
    }

    [Fact]
    public async Task Incoming_Throws_CallerGetsTheFaultAndTheMethodNeverRuns()
    {
        _incoming = _ => throw new RefusedException("not allowed");
        await Assert.ThrowsAsync<RefusedException>(() => Grain<IFilteredGrain>().Answer());
        Assert.Empty(Gates.Log);
    }

    [Fact]
    public async Task Incoming_SeesTheMethodsFault_MayReplaceIt()
    {
        _incoming = async context =>
        {
            try
            {
                await context.Invoke();
            }
            catch (RefusedException fault)
            {
                throw new InvalidOperationException("replaced", fault);
            }
        };
        var replaced = await Assert.ThrowsAsync<InvalidOperationException>(() => Grain<ICallGrain>().Throw("no"));
        Assert.IsType<RefusedException>(replaced.InnerException);
    }

    [Fact]
    public async Task Outgoing_InvokesAgain_SendsTheCallAgain()
    {
        _outgoing = async context =>
        {
            try
            {
                await context.Invoke();
            }
            catch (RefusedException)
            {
                _seen.Add("again");
                await context.Invoke();
            }
        };
        var tries = 0;
        _incoming = context => ++tries == 1 ? throw new RefusedException("first time") : context.Invoke();
        Assert.Equal(42, await Grain<ICallGrain>().Double(21));
        Assert.Equal(2, _seen.Count(line => line == "out 2 begins"));
    }

    // Orleans shows filters the calls of its own parts too.
    private async Task NoteAsync<TContext>(string name, TContext context, Func<TContext, Task> body)
        where TContext : IGrainCallContext
    {
        if (!context.InterfaceName.StartsWith("Control.", StringComparison.Ordinal))
        {
            await context.Invoke();
            return;
        }

        _seen.Add(name + " begins");
        await body(context);
        _seen.Add(name + " ends");
    }

    private sealed class Incoming(Func<IIncomingGrainCallContext, Task> body) : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context) => body(context);
    }

    private sealed class Outgoing(Func<IOutgoingGrainCallContext, Task> body) : IOutgoingGrainCallFilter
    {
        public Task Invoke(IOutgoingGrainCallContext context) => body(context);
    }
}
