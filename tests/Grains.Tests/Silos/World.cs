using System.Data.Common;
using System.Security.Cryptography.X509Certificates;
using Control.Contracts;
using Control.Contracts.Scheduling;
using Control.Contracts.Workspaces;
using Control.Engine.Runs;
using Control.Grains.Durable;
using Control.Silo.Hosting;
using Control.Storage.Queries.Subjects;
using Control.TestKit;
using Control.TestKit.Databases;
using Control.TestKit.Silos;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans;

namespace Control.Grains.Tests.Silos;

/// <summary>
/// Silos on a store of their own and a clock that stands still; they can be stopped and started again on the same store.
/// One silo, or a cluster of as many as the run of the tests wants.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    public static readonly Actor Someone = new(ActorKind.Token, "t1", "someone");

    private readonly string _folder = Directory.CreateTempSubdirectory("control-grains-").FullName;
    private readonly string? _database = TestDatabase.Connection();
    private readonly List<TestAgent> _agents = [];
    private readonly X509Certificate2 _certificate = TestSilos.Certificate();
    private readonly List<TestSilo> _silos = [];
    private readonly bool _reports;
    private readonly Action<IServiceCollection> _configure;
    private RedisServer? _redis;

    private World(bool reports, Action<IServiceCollection> configure) => (_reports, _configure) = (reports, configure);

    public ManualClock Clock { get; } = new();

    /// <summary>Tells the grains that their process is about to stop.</summary>
    public CancellationTokenSource Stopping { get; } = new();

    public CallFilter Calls { get; private set; } = new();

    public TestSilo Silo => _silos[0];

    public IReadOnlyList<TestSilo> Silos => _silos;

    /// <summary>Of all silos.</summary>
    public ImmutableArray<string> BootIds => [.. _silos.Select(silo => silo.Services.GetRequiredService<SiloIdentity>().BootId)];

    public CommitStore Commits => Service<CommitStore>();

    /// <param name="reports">Whether silos keep rows of themselves, as in a server.</param>
    /// <param name="configure">Adds services to every silo.</param>
    public static async Task<World> StartAsync(bool reports = false, Action<IServiceCollection>? configure = null)
    {
        var world = new World(reports, configure ?? (_ => { }));
        await world.StartSiloAsync();
        return world;
    }

    public async Task StopSiloAsync()
    {
        await Task.WhenAll(_agents.Select(agent => agent.HangUpAsync()));
        foreach (var silo in Enumerable.Reverse(_silos))
        {
            // The first one last: the others use its store.
            await silo.DisposeAsync();
        }

        _silos.Clear();
    }

    public async Task StartSiloAsync()
    {
        Calls = new CallFilter();
        while (_silos.Count < TestSilos.Count)
        {
            _silos.Add(await TestSilo.StartAsync(await OptionsAsync(), Configure));
        }

        if (_silos.Count > 1) await TestSilo.TogetherAsync(_silos);
    }

    private async Task<TestSiloOptions> OptionsAsync()
    {
        if (TestSilos.Count > 1) _redis ??= await RedisServer.StartAsync();
        return new TestSiloOptions
        {
            Grains = typeof(GrainServices).Assembly,
            Cluster = _redis is null ? null : TestSilos.Cluster(_redis, _certificate),
        };
    }

    private void Configure(IServiceCollection services)
    {
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton<IIncomingGrainCallFilter>(Calls);
        services.AddSingleton(SiloIdentity.Create() with { Stopping = Stopping.Token });
        services.AddControlStorage(options => (options.DataDirectory, options.Database) = (_folder, _database));
        if (_silos.Count > 0)
        {
            // One store in one process, so that a test hears of every commit.
            services.AddSingleton(Service<ControlStore>());
        }

        if (_reports) services.AddSiloReport(cluster: null).AddGrainStatistics();
        services.AddControlGrains();
        _configure(services);
    }

    public async Task RestartSiloAsync()
    {
        await StopSiloAsync();
        await StartSiloAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopSiloAsync();
        if (_redis is not null) await _redis.DisposeAsync();
        _certificate.Dispose();
        Stopping.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public T Service<T>()
        where T : notnull => Silo.Services.GetRequiredService<T>();

    public TGrain Grain<TGrain>(object key)
        where TGrain : IGrainWithStringKey => Silo.Grains.GetGrain<TGrain>(key.ToString()!);

    public IRunGrain Run(RunId id) => Grain<IRunGrain>(id);

    public ISchedulerGrain Scheduler => Grain<ISchedulerGrain>("0");

    /// <summary>
    /// Time passes, and the scheduler, whose timers are on real time, is told. It has its place by then: Orleans counts the
    /// time that finding one may take on the same clock.
    /// </summary>
    public async Task AdvanceAsync(TimeSpan span)
    {
        await Scheduler.Due(DateTimeOffset.MaxValue);
        Clock.Advance(span);
        await Scheduler.Due(Clock.GetUtcNow());
    }

    /// <summary>Puts a definition, its workspace too where it is missing.</summary>
    public async Task<PipelineId> PipelineAsync(string yaml, string id = "w/p")
    {
        var pipeline = PipelineId.Parse(id);
        await Grain<IWorkspaceGrain>(pipeline.Workspace).Create(new CreateWorkspace("", Someone));
        var put = await Grain<IPipelineGrain>(id).Put(new PutPipeline(yaml, null, false, Someone));
        Assert.True(put.Granted, string.Join(" ", put.Refusal?.Fields.Select(field => $"{field.Field}: {field.Message}") ?? []));
        return pipeline;
    }

    public async Task<RunId> RunAsync(PipelineId pipeline, string? operation = null) =>
        Valid(await Grain<IPipelineGrain>(pipeline).Start(Start(operation ?? Guid.NewGuid().ToString("N")))).Run;

    public async Task<RunId> RunAsync(string yaml) => await RunAsync(await PipelineAsync(yaml));

    public static StartRun Start(string operation) =>
        new(ImmutableDictionary<string, string>.Empty, null, operation, Someone, null);

    public static T Valid<T>(Outcome<T> outcome)
        where T : class
    {
        Assert.True(outcome.Granted, outcome.Refusal?.Message);
        return outcome.Value;
    }

    /// <summary>Registers an agent that has not spoken yet.</summary>
    public async Task<TestAgent> AgentAsync(string id = "a1", int capacity = 1, params ImmutableArray<string> labels)
    {
        Valid(await Grain<IAgentGrain>(id).Register(new RegisterAgent(id, labels, capacity, new string('a', 64), "1.0", Someone)));
        var agent = new TestAgent(this, new AgentId(id), capacity);
        _agents.Add(agent);
        return agent;
    }

    public async Task<long> VersionAsync(RunId run) => (await Commits.LoadAsync(Key(run)))!.Version;

    public async Task<AttemptRecord> AttemptAsync(RunId run, string localKey) =>
        ContractJson.Read<AttemptRecord>((await Commits.LoadChildAsync(Key(run), localKey))!.Document);

    public async Task<AttemptRecord> UntilAttemptAsync(RunId run, string localKey, AttemptState state) => await UntilAsync(
        Key(run),
        async () => await Commits.LoadChildAsync(Key(run), localKey) is { } row
            && ContractJson.Read<AttemptRecord>(row.Document) is var attempt && attempt.State == state ? attempt : null);

    public async Task<RunView> UntilRunAsync(RunId run, params RunState[] states) => await UntilAsync(
        Key(run), async () => await ViewAsync<RunView>(Key(run)) is { } view && states.Contains(view.State) ? view : null);

    public async Task<AgentView> UntilAgentAsync(AgentId agent, AgentState state) => await UntilAsync(
        new SubjectKey(SubjectKinds.Agent, agent.Value),
        async () => (await Commits.LoadAsync(new SubjectKey(SubjectKinds.Agent, agent.Value)))?.Index.View is { } json
            && ContractJson.Read<AgentView>(json) is var view && view.State == state ? view : null);

    public async Task<T?> ViewAsync<T>(SubjectKey key)
        where T : class => (await new SubjectQueries(Service<ControlStore>()).GetAsync<T>(key.Kind, key.Key))?.View;

    /// <summary>Looks again after every change of the subject, until there is what is looked for.</summary>
    public async Task<T> UntilAsync<T>(SubjectKey subject, Func<Task<T?>> look)
        where T : class
    {
        using var changed = new SemaphoreSlim(0);
        using var subscription = Service<ControlStore>().Signals.Subscribe(subject, () => changed.Release());
        while (true)
        {
            if (await look() is { } found)
            {
                return found;
            }

            Assert.True(await changed.WaitAsync(Limit), $"{subject} did not come to the state that was waited for.");
        }
    }

    /// <summary>Writes a new version of a subject behind its grain's back.</summary>
    public async Task OvertakeAsync(SubjectKey key)
    {
        var row = (await Commits.LoadAsync(key))!;
        await Commits.CommitAsync(new Commit { Subject = key, ExpectedVersion = row.Version, Document = row.Document, Index = row.Index });
    }

    /// <summary>Keeps commits from happening until disposed; meanwhile it can write itself.</summary>
    public StoreLock Lock() => _database is null
        ? new(new SqliteConnection($"Data Source={Path.Combine(_folder, "control.db")};Pooling=False"), "BEGIN IMMEDIATE")
        : new(new NpgsqlConnection(_database), "BEGIN; LOCK TABLE subjects IN EXCLUSIVE MODE");

    public static SubjectKey Key(RunId run) => new(SubjectKinds.Run, run.ToString());
}

/// <summary>The write lock of the store, taken from outside.</summary>
internal sealed class StoreLock : IDisposable
{
    private readonly DbConnection _connection;

    public StoreLock(DbConnection connection, string begin)
    {
        _connection = connection;
        _connection.Open();
        Execute(begin);
    }

    public void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        Execute("COMMIT");
        _connection.Dispose();
    }
}
