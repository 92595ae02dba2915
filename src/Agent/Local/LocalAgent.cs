using System.Security.Cryptography;
using Control.Agent.Executors;
using Control.Agent.Executors.Containers;
using Control.Agent.Jobs;
using Control.Agent.Joining;
using Control.Agent.Limits;
using Control.Agent.Link;
using Control.Agent.Logs;
using Control.Agent.Processes;
using Control.Agent.Standby;
using Control.Agent.Users;
using Control.Contracts.Agents;
using Control.Contracts.Errors;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Local;

/// <summary>
/// Runs the jobs of one run on this machine as an agent of a server would, with the same executors, limits, masking and
/// reaper, but without a server: orders come by calls, reports and logs go to an <see cref="ILocalRun"/>.
/// </summary>
public sealed class LocalAgent : IAsyncDisposable
{
    // Whoever takes the last reports and logs is in this process.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly List<IDisposable> _parts = [];
    private readonly string _folder;
    private readonly JobPlace _place;
    private readonly JobTable _jobs;
    private readonly StandbyPlaces _standby;

    private LocalAgent(string folder, StateFolder state, JobPlace place, Programs programs, string installation, LocalAgentOptions options, LocalFiles? files, Cgroups? groups, ILocalRun run, TimeProvider time, ILoggerFactory loggers)
    {
        (_folder, _place) = (folder, place);
        var mark = Mark.OfBoot(installation, "local");
        var agent = new AgentOptions { Capacity = options.Capacity, ReaperCommand = options.ReaperCommand, StopGrace = options.StopGrace };
        var reaper = new Reaper(programs, agent.EffectiveReaperCommand(), mark, state.ReaperLock);
        var server = new LocalServer(run);
        _standby = new StandbyPlaces(programs, reaper, place.Users, mark, options.Capacity, time);
        _standby.Prepare();
        JobTable? jobs = null;
        var metrics = new AgentMetrics(() => jobs?.Count ?? 0);
        var reports = new ReportDelivery(server, time, loggers.CreateLogger<ReportDelivery>());
        var tools = new JobTools(
            Id, mark, agent, state, place.Work, place.Users, _standby, programs, reaper, server, new Contact(time, isUnbroken: true), reports,
            new SpoolQuota(agent.SpoolQuotaBytes), metrics, groups, time, files);
        var containers = new ContainerEngines(state, installation, null, loggers.CreateLogger<ContainerEngines>());
        _jobs = jobs = new JobTable(tools, new ExecutorChoice(tools, containers, loggers), loggers);
        _parts.AddRange([metrics, reaper, state]);
    }

    /// <summary>What leases name it by.</summary>
    public static AgentId Id { get; } = new("local");

    /// <summary>Makes its folders, below the system's folder for temporary files, and its reaper.</summary>
    /// <param name="options">Checked here.</param>
    /// <param name="run">Hears of the jobs.</param>
    /// <param name="time">For time limits.</param>
    /// <param name="loggers">For people.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException"><c>bad-options</c>, <c>agent-unsupported</c> or <c>work-folder</c>, with the cure.</exception>
    public static async Task<LocalAgent> StartAsync(LocalAgentOptions options, ILocalRun run, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        options.Validate();
        var programs = Programs.Find();
        var files = options.Source is { } source ? await source.OpenAsync(cancellationToken).ConfigureAwait(false) : null;
        var folder = Directory.CreateTempSubdirectory("control-local-").FullName;
        var state = StateFolder.Open(folder);
        try
        {
            var installation = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            // What is the developer's own is worked on by that one alone.
            var users = files is { IsInPlace: true } ? null : options.JobUsers;
            var place = JobPlace.Choose(new AgentOptions { JobUsers = users }, programs, state, installation);
            await place.PrepareAsync(programs).ConfigureAwait(false);
            var groups = Cgroups.TryOpen(await File.ReadAllTextAsync("/proc/self/mounts", cancellationToken).ConfigureAwait(false), installation);
            return new LocalAgent(folder, state, place, programs, installation, options, files, groups, run, time, loggers);
        }
        catch
        {
            state.Dispose();
            await WorkFolder.RemoveAsync(folder).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts a job; returns at once. What becomes of it is reported.</summary>
    public void Start(AssignmentMessage job) => _jobs.Apply(new AgentOrdersMessage([job], [], []));

    /// <summary>Ends a job; returns at once. It is reported as stopped once nothing of it runs any more.</summary>
    public void Stop(LeaseRef lease) => _jobs.Apply(new AgentOrdersMessage([], [lease], []));

    /// <summary>Ends what runs, waits until it is gone and all logs are delivered, and removes the folders.</summary>
    public async ValueTask DisposeAsync()
    {
        await _jobs.EndAllAsync(JobEnd.Stopped, Patience).ConfigureAwait(false);
        await _standby.DisposeAsync().ConfigureAwait(false);
        _parts.ForEach(part => part.Dispose());
        await WorkFolder.RemoveAsync(_place.Work).ConfigureAwait(false);
        await WorkFolder.RemoveAsync(_folder).ConfigureAwait(false);
    }
}
