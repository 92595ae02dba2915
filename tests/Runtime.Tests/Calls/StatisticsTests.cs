using System.Diagnostics.Metrics;
using Control.Runtime.Tests.Grains;
using Control.Silo.Hosting;
using Control.Silo.Statistics;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Runtime.Tests.Calls;

public sealed class StatisticsTests : RuntimeTest
{
    protected override void Configure(IServiceCollection services) => services.AddGrainStatistics();

    [Fact]
    public async Task Statistics_CallsAndFailures_AreRecordedPerMethod()
    {
        var records = new List<string>();
        using var listener = Listen((instrument, tags) => records.Add($"{instrument}: {tags["rpc.method"]} {tags["control.grain.type"]} {tags.GetValueOrDefault("error.type")}"));
        await Grain<ICallGrain>().Double(1);
        await Assert.ThrowsAsync<RefusedException>(() => Grain<ICallGrain>().Throw("no"));
        Assert.Equal(
            ["rpc.server.call.duration: test.call/Double call ", $"rpc.server.call.duration: test.call/Throw call {typeof(RefusedException).FullName}"],
            records);
    }

    [Fact]
    public async Task Statistics_Activations_AreCountedPerClass()
    {
        await Grain<ICallGrain>("a").Double(1);
        await Grain<ICallGrain>("b").Double(1);
        var found = 0;
        using var listener = Listen((_, _) => { });
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) =>
        {
            if (instrument.Name == "control.grain.activations" && (string?)tags[0].Value == "call") found = value;
        });
        listener.RecordObservableInstruments();
        Assert.Equal(2, found);
    }

    [Fact]
    public async Task Counts_OfCallsThatWait_AreThoseSentLessThoseBegun()
    {
        var (calls, sent) = (Silo.Services.GetRequiredService<CallCounts>(), Silo.Services.GetRequiredService<SentCalls>());
        var waiting = Enumerable.Range(0, 5).Select(_ => Grain<ICallGrain>().Wait("door")).ToList();
        await Gates.ReachedAsync("door");
        Assert.Equal([("call/one", 5L)], sent.Take().Grains.Select(grain => (grain.Key.ToString(), grain.Value)));
        Assert.Equal(1, calls.Take().Executing["call"]);

        Gates.Open("door");
        await Task.WhenAll(waiting);

        Assert.Empty(sent.Take().Grains);
        var sample = calls.Take();
        Assert.Equal((5L, 0L, 0L), (sample.Types["call"].Calls, sample.Types["call"].Faults, sample.Executing["call"]));
        Assert.Equal([("call/one", 5L, 0L)], sample.Hot.Select(grain => (grain.Key.ToString(), grain.Count, grain.Error)));
    }

    [Fact]
    public async Task Counts_OfFaults_AreAmongTheCalls()
    {
        await Grain<ICallGrain>().Double(1);
        await Assert.ThrowsAsync<RefusedException>(() => Grain<ICallGrain>().Throw("no"));
        var sample = Silo.Services.GetRequiredService<CallCounts>().Take();
        Assert.Equal((2L, 1L), (sample.Types["call"].Calls, sample.Types["call"].Faults));
        Assert.Empty(Silo.Services.GetRequiredService<SentCalls>().Take().Grains);
    }

    private MeterListener Listen(Action<string, Dictionary<string, object?>> record)
    {
        var factory = Silo.Services.GetRequiredService<IMeterFactory>();
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name.StartsWith("Control.", StringComparison.Ordinal) && ReferenceEquals(instrument.Meter.Scope, factory)) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => record(instrument.Name, tags.ToArray().ToDictionary()));
        listener.Start();
        return listener;
    }
}
