using System.Reflection;
using Control.Agent.Executors;
using Control.Agent.Executors.Containers;
using Control.Agent.Jobs;
using Control.Agent.Joining;
using Control.Agent.Limits;
using Control.Agent.Link;
using Control.Agent.Logs;
using Control.Agent.Polling;
using Control.Agent.Processes;
using Control.Agent.Standby;
using Control.Agent.Users;
using Control.Contracts.Agents;
using Control.Contracts.Errors;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Control.Agent;

/// <summary>
/// The build agent: joins, takes jobs and runs them until it is stopped, then ends what runs and says so. It only ever dials
/// out. In a host of its own it comes with <see cref="AgentServices.AddControlAgent"/>; beside a server in one process it is
/// made and started once the server listens.
/// </summary>
/// <remarks>
/// <see cref="BackgroundService.ExecuteTask"/> faults with a <see cref="ControlException"/> that names the cure when it
/// cannot go on: <c>bad-options</c>, <c>agent-unsupported</c>, <c>state-folder</c>, <c>work-folder</c>, <c>containers</c>, <c>join-token-missing</c>,
/// <c>join-refused</c>, <c>server-certificate</c>, <c>agent-removed</c>.
/// </remarks>
public sealed partial class AgentHost : BackgroundService
{
    // What a stopping agent grants the server to take last reports and logs; hosts grant 30 s in all.
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(10);

    // What it grants the server to hear that it takes no more jobs.
    private static readonly TimeSpan GoodbyePatience = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<AgentId> _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<AgentHost> _logger;

    /// <summary>An agent that has not begun.</summary>
    /// <param name="options">Checked here.</param>
    /// <param name="time">For time limits and pauses.</param>
    /// <param name="loggers">For people.</param>
    /// <exception cref="ControlException"><c>bad-options</c>.</exception>
    public AgentHost(AgentOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        options.Validate();
        (_options, _time, _loggers) = (options, time, loggers);
        _logger = loggers.CreateLogger<AgentHost>();
    }

    /// <summary>The agent's id, once it has joined; fails when it cannot.</summary>
    public Task<AgentId> Joined => _joined.Task;

    /// <summary>True when an agent with this state folder needs no join token any more; one that was cut off while it joined still does.</summary>
    /// <exception cref="ControlException"><c>state-folder</c>: its credential is damaged.</exception>
    public static bool HasJoined(string stateDirectory) => StateFolder.ReadCredential(stateDirectory)?.AgentId is not null;

    /// <summary>The version it tells the server.</summary>
    internal static string SoftwareVersion { get; } =
        typeof(AgentHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var programs = Programs.Find();
            using var state = StateFolder.Open(_options.StateDirectory);
            var join = new Join(_options, state, _time, _loggers.CreateLogger<Join>());
            var credential = await join.RunAsync(stoppingToken).ConfigureAwait(false);
            var place = JobPlace.Choose(_options, programs, state, credential.Installation);
            var containers = new ContainerEngines(state, credential.Installation, _options.ContainerEngine, _loggers.CreateLogger<ContainerEngines>());
            await CleanAsync(state, place, containers, credential.Installation, stoppingToken).ConfigureAwait(false);
            await place.PrepareAsync(programs).ConfigureAwait(false);
            Tell(place);
            _joined.TrySetResult(credential.AgentId!.Value);
            while (!await ServeAsync(programs, state, place, containers, credential, stoppingToken).ConfigureAwait(false))
            {
                LogRestored();
                await CleanAsync(state, place, containers, credential.Installation, stoppingToken).ConfigureAwait(false);
                await place.PrepareAsync(programs).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            _joined.TrySetCanceled(stoppingToken);
        }
        catch (Exception e)
        {
            LogFailed(e.Message);
            _joined.TrySetException(e);
            throw;
        }
    }

    // Before the first poll, whose new boot id tells the server that nothing of earlier boots runs any more.
    private async Task CleanAsync(StateFolder state, JobPlace place, ContainerEngines containers, string installation, CancellationToken cancellationToken)
    {
        await FileLock.WaitAsync(state.ReaperLock, cancellationToken).ConfigureAwait(false);
        var ended = (await Extinction.OfAsync(() => ProcessTable.Find([], Mark.OfInstallation(installation), []), TimeSpan.Zero).ConfigureAwait(false)).Found;
        ended += await place.EndLeftoversAsync().ConfigureAwait(false);
        await containers.CleanAsync().ConfigureAwait(false);
        if (ended > 0)
        {
            LogLeftovers(ended);
        }

        foreach (var folder in (string[])[state.Work, place.Work, state.Spool])
        {
            if (!await WorkFolder.RemoveAsync(folder).ConfigureAwait(false))
            {
                throw new ControlException("state-folder", $"The folder {folder} of an earlier run cannot be removed. Remove it by hand and start the agent again.");
            }
        }
    }

    private void Tell(JobPlace place)
    {
        if (place.Users is { } users)
        {
            LogUsers(users.Range);
        }
        else
        {
            LogNoUsers(Environment.UserName);
        }
    }

    // False when all jobs were ended because the server went back in time: the next boot knows nothing of them.
    private async Task<bool> ServeAsync(Programs programs, StateFolder state, JobPlace place, ContainerEngines containers, Credential credential, CancellationToken stoppingToken)
    {
        var bootId = Guid.NewGuid().ToString("n");
        var mark = Mark.OfBoot(credential.Installation, bootId);
        JobTable? jobs = null;
        using var reaper = new Reaper(programs, _options.EffectiveReaperCommand(), mark, state.ReaperLock);
        await using var standby = new StandbyPlaces(programs, reaper, place.Users, mark, _options.Capacity, _time);
        using var link = new ServerLink(_options.Servers, ServerLink.CreateHandler(_options.Servers, credential.Fingerprint), _time);
        using var metrics = new AgentMetrics(() => jobs?.Count ?? 0);
        link.Authenticate(credential.AgentId!.Value, credential.Secret);
        var groups = _options.IsDummy ? null : Cgroups.TryOpen(await File.ReadAllTextAsync("/proc/self/mounts", stoppingToken).ConfigureAwait(false), credential.Installation);
        LogLimits(JobLimits.Tell(groups, programs.PrLimit, place.Users is not null));
        var reports = new ReportDelivery(link, _time, _loggers.CreateLogger<ReportDelivery>());
        var tools = new JobTools(credential.AgentId.Value, mark, _options, state, place.Work, place.Users, standby, programs, reaper, link, new Contact(_time), reports, new SpoolQuota(_options.SpoolQuotaBytes), metrics, groups, _time);
        jobs = new JobTable(tools, new ExecutorChoice(tools, containers, _loggers), _loggers);
        var end = JobEnd.Stopped;
        var polls = new PollLoop(tools, link, jobs, bootId, _loggers.CreateLogger<PollLoop>());
        if (!_options.IsDummy)
        {
            standby.Prepare();
        }

        LogServing(credential.AgentId.Value, bootId);
        try
        {
            await polls.RunAsync(stoppingToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await polls.TakeNoMoreAsync(GoodbyePatience).ConfigureAwait(false);
            return true;
        }
        catch (StoreRestoredException)
        {
            end = JobEnd.Forgotten;
            return false;
        }
        catch (ControlException)
        {
            end = JobEnd.Forgotten;
            throw;
        }
        finally
        {
            await jobs.EndAllAsync(end, FarewellPatience).ConfigureAwait(false);
            place.Leave();
            groups?.Leave();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Serving as {Agent}, boot {Boot}.")]
    private partial void LogServing(AgentId agent, string boot);

    [LoggerMessage(Level = LogLevel.Information, Message = "Every attempt runs as a user of its own, out of {Range}.")]
    private partial void LogUsers(UserRange range);

    [LoggerMessage(Level = LogLevel.Information, Message = "Limits of jobs that ask for some are enforced: {Limits}.")]
    private partial void LogLimits(string limits);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Jobs run as {User}, the agent's own user: they can read its credential and each other's files. An agent that is root gives every attempt a user of its own, unless started with --job-users none.")]
    private partial void LogNoUsers(string user);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ended {Count} processes that an earlier run of this agent had left.")]
    private partial void LogLeftovers(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The server's store was restored from a backup. All jobs were ended; the agent starts anew.")]
    private partial void LogRestored();

    [LoggerMessage(Level = LogLevel.Critical, Message = "The agent cannot go on: {Reason}")]
    private partial void LogFailed(string reason);
}
