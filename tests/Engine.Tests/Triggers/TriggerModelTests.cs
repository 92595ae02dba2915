using System.Collections.Immutable;
using Control.Contracts.Access;
using Control.Contracts.Agents;
using Control.Contracts.Triggers;
using Control.Engine.Triggers;

namespace Control.Engine.Tests.Triggers;

public sealed class TriggerModelTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Hold Held = new("", Actor.System, Noon);

    private TriggerModel _model = TriggerModel.Empty;

    [Fact]
    public void Define_New_WaitsForItsNextTime()
    {
        Define(Hourly());

        Assert.Equal(Noon.AddHours(1), _model.NextDue);
        Assert.Empty(_model.Due(Noon.AddMinutes(59)));
        Assert.Equal(Noon.AddHours(1), Assert.Single(_model.Due(Noon.AddHours(1))).At);
    }

    [Fact]
    public void Define_SameTimes_GoesOnWhereItWas()
    {
        Define(Hourly());
        _model = _model.Define([Hourly() with { Missed = MissedTicks.All, Ref = "main" }], Noon.AddHours(5));

        Assert.Equal(Noon.AddHours(1), _model.NextDue);
        Assert.Equal("main", _model.Triggers[0].Spec.Ref);
    }

    [Fact]
    public void Define_OtherTimesOrZone_BeginsAnewAndForgetsWhatWasMissed()
    {
        Define(Hourly());
        Assert.Equal(Noon.AddHours(6), _model.Define([Hourly() with { Cron = "0 */6 * * *" }], Noon.AddHours(5.5)).NextDue);
        Assert.Equal(Noon.AddHours(6), _model.Define([Hourly() with { TimeZone = "Europe/Berlin" }], Noon.AddHours(5.5)).NextDue);
        Assert.Null(_model.Define([], Noon).NextDue);
    }

    [Fact]
    public void Fired_IsDoneWith_AndARepeatChangesNothing()
    {
        Define(Hourly());
        var now = Noon.AddHours(1);
        var tick = new TriggerTick(now, null, "no");

        _model = _model.Fired("t", tick, now);

        Assert.Equal((tick, Noon.AddHours(2)), (_model.Triggers[0].Last, _model.NextDue));
        Assert.Same(_model.Triggers[0], _model.Fired("t", tick with { Refusal = "other" }, now).Triggers[0]);
    }

    [Fact]
    public void Once_ManyMissed_OneRunAsOfTheLast()
    {
        Define(Hourly());
        var now = Noon.AddHours(5.5);

        var tick = Assert.Single(_model.Due(now));
        Assert.Equal((Noon.AddHours(5), $"trigger/t/{Noon.AddHours(5).ToUnixTimeSeconds()}"), (tick.At, tick.OperationId));
        _model = _model.Fired("t", new TriggerTick(tick.At, null, null), now);

        Assert.Equal(Noon.AddHours(6), _model.NextDue);
    }

    [Theory]
    [InlineData(60, 1)]
    [InlineData(61, 0)]
    public void Skip_LateByMoreThanAMinute_StartsNothing(int late, int starts)
    {
        Define(Hourly() with { Missed = MissedTicks.Skip });
        var now = Noon.AddHours(3).AddSeconds(late);

        _model = _model.Skip(now);

        Assert.Equal(starts, _model.Due(now).Length);
        Assert.Equal(starts == 1 ? Noon.AddHours(1) : Noon.AddHours(4), _model.NextDue);
    }

    [Fact]
    public void All_ManyMissed_OneRunForEachOldestFirst()
    {
        Define(Hourly() with { Missed = MissedTicks.All });
        var now = Noon.AddHours(3.5);
        var fired = new List<DateTimeOffset>();
        while (_model.Due(now) is [var tick])
        {
            fired.Add(tick.At);
            _model = _model.Fired("t", new TriggerTick(tick.At, null, null), now);
        }

        Assert.Equal([Noon.AddHours(1), Noon.AddHours(2), Noon.AddHours(3)], fired);
        Assert.Equal(Noon.AddHours(4), _model.NextDue);
    }

    [Fact]
    public void All_MoreThanAHundredMissed_TheLastHundred()
    {
        Define(Hourly() with { Missed = MissedTicks.All, Cron = "* * * * *" });
        Assert.Equal(Noon.AddDays(30).AddMinutes(-99), Assert.Single(_model.Due(Noon.AddDays(30))).At);
    }

    [Fact]
    public void Pause_StartsNothing_AndGoesOnFromThen()
    {
        Define(Hourly());
        _model = _model.SetPause("t", Held, Noon);
        Assert.Null(_model.NextDue);
        Assert.Empty(_model.Due(Noon.AddHours(9)));

        _model = _model.SetPause("t", null, Noon.AddHours(9.5));

        Assert.Empty(_model.Due(Noon.AddHours(9.5)));
        Assert.Equal(Noon.AddHours(10), _model.NextDue);
    }

    [Fact]
    public void Pause_OfATriggerThatIsRedefined_Stays()
    {
        Define(Hourly());
        _model = _model.SetPause("t", Held, Noon).Define([Hourly() with { Cron = "5 * * * *" }], Noon);
        Assert.Null(_model.NextDue);
    }

    private void Define(TriggerSpec spec) => _model = _model.Define([spec], Noon);

    private static TriggerSpec Hourly() => new("t", "0 * * * *", "UTC", MissedTicks.Once, ImmutableSortedDictionary<string, string>.Empty, null);
}
