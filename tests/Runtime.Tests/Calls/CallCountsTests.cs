using System.Reflection;
using Control.Silo.Statistics;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Calls;

public sealed class CallCountsTests
{
    [Fact]
    public async Task Take_WhileManyThreadsCount_LosesAndDoublesNothing()
    {
        const int Threads = 8, Each = 50_000;
        var (counts, over, taken, hot) = (new CallCounts(), 0, 0L, 0L);
        var taking = Task.Run(() =>
        {
            while (Volatile.Read(ref over) == 0) Add();
        });
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                var grain = GrainId.Create($"type-{i % 3}", $"{thread}-{i % 2}");
                counts.End(counts.Begin(grain.Type), grain, TimeSpan.FromMicroseconds(i), isFault: false);
            }
        })));
        Volatile.Write(ref over, 1);
        await taking;
        Add();

        Assert.Equal((Threads * Each, Threads * Each), (taken, hot));
        Assert.All(counts.Take().Executing.Values, value => Assert.Equal(0, value));

        void Add()
        {
            var sample = counts.Take();
            taken += sample.Types.Values.Sum(type => type.Calls);
            hot += sample.Hot.Sum(grain => grain.AtLeast);
        }
    }

    [Fact]
    public async Task SentCalls_ToMoreGrainsThanAreToldApart_AllCounted()
    {
        const int Grains = 60_000;
        var sent = new SentCalls();
        var calls = Enumerable.Range(0, Grains).Select(i => Call.To($"grain-{i}")).ToList();
        var answers = calls.Select(call => sent.Invoke(call.Context)).ToList();
        var (grains, others) = sent.Take();
        Assert.Equal(Grains, grains.Sum(grain => grain.Value) + others);
        Assert.InRange(others, 1, Grains - 8_000);

        calls.ForEach(call => call.Answer.SetResult());
        await Task.WhenAll(answers);

        (grains, others) = sent.Take();
        Assert.Equal((0, 0L), (grains.Length, others));
        var again = Call.To("grain-1");
        var waits = sent.Invoke(again.Context);
        Assert.Equal("test/grain-1", Assert.Single(sent.Take().Grains).Key.ToString());
        again.Answer.SetResult();
        await waits;
    }

    [Fact]
    public async Task SentCalls_OfTheEngine_NotCounted()
    {
        var sent = new SentCalls();
        var call = Call.To("one", "Orleans.Runtime.ISomething");
        var answer = sent.Invoke(call.Context);
        Assert.Empty(sent.Take().Grains);
        call.Answer.SetResult();
        await answer;
    }

    [Fact]
    public async Task SentCalls_ByManyThreads_ComeToNothing()
    {
        var sent = new SentCalls();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var call = Call.To($"grain-{i * 7 % 30_000}");
                call.Answer.SetResult();
                await sent.Invoke(call.Context);
            }
        })));
        var (grains, others) = sent.Take();
        Assert.Equal((0, 0L), (grains.Length, others));
    }

    /// <summary>A call as the filter sees it; made at run time, because the engines' interfaces differ in what nobody here uses.</summary>
    public class Call : DispatchProxy
    {
        private GrainId _target;
        private string _interface = "";

        internal TaskCompletionSource Answer { get; } = new();

        internal IOutgoingGrainCallContext Context { get; private set; } = null!;

        internal static Call To(string key, string interfaceName = "Control.ISomething")
        {
            var context = Create<IOutgoingGrainCallContext, Call>();
            var call = (Call)context;
            (call.Context, call._target, call._interface) = (context, GrainId.Create("test", key), interfaceName);
            return call;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            $"get_{nameof(IGrainCallContext.InterfaceName)}" => _interface,
            $"get_{nameof(IGrainCallContext.TargetId)}" => _target,
            nameof(IGrainCallContext.Invoke) => Answer.Task,
            var other => throw new NotSupportedException(other),
        };
    }
}
