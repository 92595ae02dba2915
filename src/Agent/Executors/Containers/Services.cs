using Control.Agent.Jobs;
using Control.Agent.Processes;

namespace Control.Agent.Executors.Containers;

/// <summary>
/// The services of an attempt. They share the network of the job's container, where they are at the loopback address under their
/// names: that works on every machine, without a network too, and nobody else reaches them there.
/// </summary>
internal sealed class Services
{
    /// <summary>Name of the file of host names that services get.</summary>
    public const string Hosts = "hosts";

    // Of the engine's clients, to read the last of what was printed, once the containers are gone.
    private static readonly TimeSpan LastOutput = TimeSpan.FromSeconds(5);

    private readonly JobOrder _order;
    private readonly string _job;
    private readonly Service[] _services;
    private readonly JobProcesses _attached;

    /// <summary>None of them is there yet.</summary>
    /// <param name="order">The attempt.</param>
    /// <param name="tools">Of the boot.</param>
    /// <param name="calls">Of the engine.</param>
    /// <param name="job">Name of the job's container.</param>
    public Services(JobOrder order, JobTools tools, EngineCalls calls, string job)
    {
        (_order, _job) = (order, job);
        _services = [.. order.Assignment.Services.Select(spec => new Service(spec, $"{job}-{spec.Name}", order, tools, calls))];
        // None of the job's own marks: the services are there until the last of the job's processes has ended.
        _attached = new JobProcesses(tools.Programs, tools.Reaper, Mark.OfServices(tools.BootMark, order.Number), null);
    }

    /// <summary>Names of their containers.</summary>
    public IReadOnlyList<string> Containers => [.. _services.Select(service => service.Container)];

    /// <summary>What the job's container needs for them.</summary>
    public IEnumerable<string> Arguments => _order.Assignment.Services.SelectMany(service => (string[])["--add-host", $"{service.Name}:127.0.0.1"]);

    /// <summary>Gets their images. Null when all are there; otherwise why not.</summary>
    public async Task<JobResult?> FetchAsync(ImageFetch fetch, CancellationToken cancellationToken)
    {
        foreach (var service in _services)
        {
            if (await service.FetchAsync(fetch, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return failure;
            }
        }

        return null;
    }

    /// <summary>Starts them beside the job's container, which runs. Null when all are ready; otherwise why not.</summary>
    /// <param name="engines">Whose mark they carry.</param>
    /// <param name="folder">Where nobody but the agent reads.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<JobResult?> StartAsync(ContainerEngines engines, string folder, CancellationToken cancellationToken)
    {
        // Whoever joins another's network may not be given host names by the engine.
        WriteHosts(Path.Combine(folder, Hosts));
        foreach (var service in _services)
        {
            if (await service.CreateAsync(engines, _job, folder, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return failure;
            }

            service.Start(_attached);
        }

        return await ReadyAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>They are about to be ended.</summary>
    public void Expect() => Array.ForEach(_services, service => service.Expect());

    /// <summary>Ends what is left of them. Their containers are gone.</summary>
    public async Task EndAsync()
    {
        var last = Task.WhenAll(_services.Select(service => service.End));
        await Task.WhenAny(last, Task.Delay(LastOutput, TimeProvider.System)).ConfigureAwait(false);
        await _attached.EndAsync(TimeSpan.Zero).ConfigureAwait(false);
        await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void WriteHosts(string file)
    {
        File.WriteAllText(file, $"127.0.0.1 localhost {string.Join(' ', _order.Assignment.Services.Select(service => service.Name))}\n::1 localhost\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    // The first that fails decides; the others need not be waited for.
    private async Task<JobResult?> ReadyAsync(CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = _services.Select(service => service.ReadyAsync(enough.Token)).ToArray();
        try
        {
            await foreach (var service in Task.WhenEach(waiting).ConfigureAwait(false))
            {
                if (await service.ConfigureAwait(false) is { } failure)
                {
                    return failure;
                }
            }

            return null;
        }
        finally
        {
            await enough.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(waiting)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
