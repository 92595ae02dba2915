using System.Collections.Concurrent;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Runtime;
using Control.Engine.Runtime;
using Control.Silo.Statistics;
using Control.Storage.Queries.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Control.Grains.Tests.Runtime;

/// <summary>What silos tell of themselves and of each other: on both engines, with as many silos as the run of the tests wants.</summary>
public sealed class SiloReportTests : IAsyncLifetime
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly Warnings _warnings = new();
    private World _world = null!;

    public async Task InitializeAsync()
    {
        _world = await World.StartAsync(reports: true, services => services.AddSingleton<ILogger<SiloReport>>(_warnings));
        await BegunAsync();
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Row_AfterTheStart_SaysWhichSiloItIs()
    {
        foreach (var boot in _world.BootIds)
        {
            var silo = await RowAsync(boot);
            Assert.Equal((boot, SiloState.Active, Environment.MachineName, Environment.ProcessId), (silo.Id, silo.State, silo.Name, silo.Process.ProcessId));
            Assert.Equal(TestKit.Silos.TestSilo.Engine, silo.Engine, ignoreCase: true);
            Assert.NotEqual("unknown", silo.Version);
            Assert.True(silo.Process is { WorkingSetBytes: > 0, HeapBytes: > 0, Threads: > 0, CpuSeconds: > 0, Processors: > 0 }, $"{silo.Process}");
        }

        Assert.Equal(_world.BootIds.Select(boot => $"{boot} silo.joined").Order(), (await HistoryAsync()).Order());
    }

    [Fact]
    public async Task Row_AfterCalls_HasTheirNumbers()
    {
        for (var i = 0; i < 10; i++) await _world.Scheduler.Poke();
        await TickAsync();

        var scheduler = await SchedulerAsync();
        Assert.Equal((10, 0, 2.0, 1, 0, 0), (
            scheduler.Sum(grain => grain.Calls), scheduler.Sum(grain => grain.Faults), scheduler.Sum(grain => grain.CallsPerSecond),
            scheduler.Sum(grain => grain.Activations), scheduler.Sum(grain => grain.Executing), scheduler.Sum(grain => grain.Unanswered)));
        Assert.Equal(10, scheduler.Sum(grain => grain.Latencies.Sum()));
        Assert.True(scheduler.Single(grain => grain.Calls > 0) is { P50Ms: > 0 } one && one.P50Ms <= one.P99Ms);
        Assert.Equal([("scheduler/0", 2.0, 0.0)], (await RowsAsync()).SelectMany(silo => silo.Hot).Select(grain => (grain.Grain, grain.CallsPerSecond, grain.ErrorPerSecond)));

        await TickAsync();
        scheduler = await SchedulerAsync();
        Assert.Equal((10, 0.0), (scheduler.Sum(grain => grain.Calls), scheduler.Sum(grain => grain.CallsPerSecond)));
        Assert.Empty((await RowsAsync()).SelectMany(silo => silo.Hot));
    }

    [Fact]
    public async Task Row_WhileACallWaits_SaysWhoseAnswerIsAwaited()
    {
        var begun = _world.Calls.Begun("ISchedulerGrain.Poke");
        var gate = _world.Calls.HoldNext("ISchedulerGrain.Poke");
        var call = _world.Scheduler.Poke();
        await begun;
        await TickAsync();

        var scheduler = await SchedulerAsync();
        Assert.Equal((1, 0), (scheduler.Sum(grain => grain.Unanswered), scheduler.Sum(grain => grain.Executing)));
        Assert.Equal([new AwaitedGrain("scheduler/0", 1)], (await RowsAsync()).SelectMany(silo => silo.Awaited));
        Assert.Equal(1, (await RowsAsync()).Sum(silo => silo.Unanswered));

        gate.SetResult();
        await call;
        await TickAsync();
        Assert.Equal(0, (await SchedulerAsync()).Sum(grain => grain.Unanswered));
        Assert.Empty((await RowsAsync()).SelectMany(silo => silo.Awaited));
    }

    [Fact]
    public async Task Renewing_ARow_TellsNothing()
    {
        for (var i = 0; i < 10; i++) await TickAsync();
        Assert.Equal(_world.BootIds.Length, (await HistoryAsync()).Length);
    }

    [Fact]
    public async Task Stopped_Silos_AreGone()
    {
        var old = _world.BootIds;
        await _world.RestartSiloAsync();
        await BegunAsync();
        foreach (var boot in old) Assert.Equal(SiloState.Gone, (await RowAsync(boot)).State);
        Assert.Equal(old.SelectMany(boot => new[] { $"{boot} silo.joined", $"{boot} silo.left" }).Order(), (await HistoryAsync()).Where(line => old.Contains(line.Split(' ')[0])).Order());
    }

    [Fact]
    public async Task Killed_Silos_AreLostOnceTheirRowsWereNotRenewedForLong()
    {
        var old = _world.BootIds;
        foreach (var silo in _world.Silos) silo.Services.GetRequiredService<SiloReport>().Dispose();
        await _world.RestartSiloAsync();
        await BegunAsync();
        for (var passed = Every; passed < SiloMachine.SilentAfter; passed += Every) await TickAsync();
        foreach (var boot in old) Assert.Equal(SiloState.Active, (await RowAsync(boot)).State);

        await TickAsync();

        foreach (var boot in old) Assert.Equal(SiloState.Lost, (await RowAsync(boot)).State);
        foreach (var boot in _world.BootIds) Assert.Equal(SiloState.Active, (await RowAsync(boot)).State);
        var lost = (await new SiloHistory(_world.Service<ControlStore>()).ReadAsync(null, 100)).Items.Where(item => item.Event == EventTypes.SiloLost).ToList();
        Assert.Equal(old.Order(), lost.Select(item => item.Silo).Order());
        Assert.All(lost, item => Assert.Contains(item.NoticedBy!, _world.BootIds));
    }

    [Fact]
    public async Task Lost_SiloThatGoesOn_IsBack()
    {
        var boot = _world.BootIds[0];
        var row = (await _world.Commits.LoadAsync(Key(boot)))!;
        var view = ContractJson.Read<SiloView>(row.Index.View) with { State = SiloState.Lost };
        await _world.Commits.CommitAsync(new Commit
        {
            Subject = Key(boot),
            ExpectedVersion = row.Version,
            Document = "{}",
            Index = row.Index with { State = "lost", View = ContractJson.Write(view) },
        });

        await TickAsync();

        Assert.Equal(SiloState.Active, (await RowAsync(boot)).State);
        Assert.Contains($"{boot} silo.back", await HistoryAsync());
    }

    [Fact]
    public async Task Gone_SilosRowsAreDeletedAfterADay_AndTheirLastEventStays()
    {
        var old = _world.BootIds;
        await _world.RestartSiloAsync();
        await BegunAsync();
        _world.Clock.Advance(SiloMachine.KeptFor);
        // A pass that was under way may have looked at the clock before; the one after it did not.
        await TickAsync();
        await TickAsync();
        foreach (var boot in old) Assert.Null(await _world.ViewAsync<SiloView>(Key(boot)));
        Assert.Equal(old.Select(boot => $"{boot} silo.left").Order(), (await HistoryAsync()).Where(line => old.Contains(line.Split(' ')[0])).Order());
    }

    [Fact]
    public async Task Store_ThatFails_IsTriedAgain()
    {
        using (var store = _world.Lock()) store.Execute("ALTER TABLE subjects RENAME COLUMN view TO hidden");
        var warned = _warnings.NextAsync();
        _world.Clock.Advance(Every);
        await warned;
        using (var store = _world.Lock()) store.Execute("ALTER TABLE subjects RENAME COLUMN hidden TO view");
        await TickAsync();
        foreach (var boot in _world.BootIds) Assert.Equal(_world.Clock.GetUtcNow(), (await RowAsync(boot)).SeenAt);
    }

    private static SubjectKey Key(string boot) => new(SubjectKinds.Silo, boot);

    private Task BegunAsync() => Task.WhenAll(_world.BootIds.Select(boot => _world.UntilAsync(Key(boot), () => _world.Commits.LoadAsync(Key(boot)))));

    /// <summary>Time passes, and every silo has renewed its row.</summary>
    private async Task TickAsync()
    {
        var before = await Task.WhenAll(_world.BootIds.Select(async boot => (Key: Key(boot), (await _world.Commits.LoadAsync(Key(boot)))!.Version)));
        _world.Clock.Advance(Every);
        await Task.WhenAll(before.Select(row => _world.UntilAsync(row.Key, async () =>
            await _world.Commits.LoadAsync(row.Key) is { } now && now.Version > row.Version ? now : null)));
    }

    private async Task<SiloView> RowAsync(string boot) => (await _world.ViewAsync<SiloView>(Key(boot)))!;

    private Task<SiloView[]> RowsAsync() => Task.WhenAll(_world.BootIds.Select(RowAsync));

    private async Task<List<GrainFigures>> SchedulerAsync() =>
        [.. (await RowsAsync()).SelectMany(silo => silo.Grains).Where(grain => grain.Type == "scheduler")];

    private async Task<string[]> HistoryAsync() =>
        [.. (await new SiloHistory(_world.Service<ControlStore>()).ReadAsync(null, 100)).Items.Select(item => $"{item.Silo} {item.Event}")];

    /// <summary>Tells when something is logged.</summary>
    private sealed class Warnings : ILogger<SiloReport>
    {
        private readonly ConcurrentQueue<TaskCompletionSource> _waits = new();

        public Task NextAsync()
        {
            var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Enqueue(next);
            return next.Task.WaitAsync(World.Limit);
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            while (_waits.TryDequeue(out var wait)) wait.SetResult();
        }
    }
}
