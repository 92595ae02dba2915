using System.Diagnostics.Metrics;
using Control.Runtime.Tests.Grains;
using Control.Silo.Hosting;
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
