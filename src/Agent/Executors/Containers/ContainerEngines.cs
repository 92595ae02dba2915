using Control.Agent.Joining;
using Control.Contracts.Errors;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Executors.Containers;

/// <summary>
/// The container engine of this machine. Which arguments it works with here is tried out once, with the first job that has an
/// image: a machine may lack a runtime, refuse limits, or have no network for containers.
/// </summary>
internal sealed partial class ContainerEngines(StateFolder state, string installation, string? program, ILogger<ContainerEngines> logger)
{
    private const string Label = "control.installation";

    /// <summary>Marks a container as a service's, which uses another's network and has to be removed before that one.</summary>
    public const string ServiceLabel = "control.service";

    private static readonly string[] Runtime = ["--runtime", "runc"];

    // A container's limits are the system's, which an agent that has lower ones itself may not raise.
    private static readonly string[] Limits = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"];

    private readonly Lock _gate = new();
    private Task<(ContainerEngine? Engine, string Report)>? _found;

    /// <summary>Marks a container as this agent's.</summary>
    public string Labelled => $"{Label}={installation}";

    /// <summary>The engine; null when there is none that works, which the report explains, cure included.</summary>
    public Task<(ContainerEngine? Engine, string Report)> FindAsync()
    {
        lock (_gate)
        {
            return _found ??= Task.Run(TryAsync);
        }
    }

    /// <summary>Told before a container is made, so that a later boot looks for what this one may leave, and with what made it.</summary>
    public void Remember(ContainerEngine engine) => File.WriteAllText(state.ContainerMark, engine.Program);

    /// <summary>Removes the containers that earlier boots have left.</summary>
    /// <exception cref="ControlException"><c>containers</c>: they cannot be.</exception>
    public async Task CleanAsync()
    {
        if (!File.Exists(state.ContainerMark))
        {
            return;
        }

        var program = await File.ReadAllTextAsync(state.ContainerMark).ConfigureAwait(false);
        if (File.Exists(program))
        {
            await CleanAsync(Plain(program)).ConfigureAwait(false);
        }

        File.Delete(state.ContainerMark);
    }

    private async Task CleanAsync(ContainerEngine engine)
    {
        try
        {
            var services = await engine.ListAsync($"label={Labelled}", $"label={ServiceLabel}").ConfigureAwait(false);
            var left = await engine.ListAsync($"label={Labelled}").ConfigureAwait(false);
            if ((await engine.RemoveAsync(services).ConfigureAwait(false) ?? await engine.RemoveAsync(left).ConfigureAwait(false)) is { } complaint)
            {
                throw new IOException(complaint);
            }

            if (left.Length > 0)
            {
                LogLeftovers(left.Length);
            }
        }
        catch (IOException e)
        {
            throw new ControlException("containers", $"The containers that an earlier run of this agent made with {engine.Program} cannot be found and removed: {e.Message} Repair it, or uninstall it, and start the agent again.");
        }
    }

    private IEnumerable<string> Programs() => ((string[])(program is null ? ["podman", "docker"] : [program])).Select(Processes.Programs.Locate).OfType<string>();

    private static ContainerEngine Plain(string program) => new(program, Path.GetFileName(program) == "podman", [], false);

    private async Task<(ContainerEngine? Engine, string Report)> TryAsync()
    {
        List<string> complaints = [];
        foreach (var engine in Programs().Select(Plain))
        {
            var (works, report) = engine.IsPodman ? await TryPodmanAsync(engine).ConfigureAwait(false) : await TryDockerAsync(engine).ConfigureAwait(false);
            if (works is not null)
            {
                LogWorks(works.Program, string.Join(' ', works.RunArguments), works.HasNetwork ? "networks of their own" : "no networks of their own");
                return (works, report);
            }

            complaints.Add($"{engine.Program} does not work: {report}");
        }

        var all = complaints.Count == 0
            ? $"The agent has no container engine. Install {program ?? "podman or docker"} on its machine and start the agent again, or remove 'image' from the job."
            : $"{string.Join(' ', complaints)} Repair it on the agent's machine and start the agent again, or remove 'image' from the job.";
        LogNone(all);
        return (null, all);
    }

    // Without an image: the machine's own programs, in an empty folder, read-only.
    private async Task<(ContainerEngine? Engine, string Report)> TryPodmanAsync(ContainerEngine engine)
    {
        var root = Directory.CreateDirectory(state.Probe).FullName;
        var complaint = "";
        foreach (var arguments in (string[][])[[], Runtime, Limits, [.. Runtime, .. Limits]])
        {
            var (code, output) = await RunAsync(engine, root, [.. arguments, "--network", "none"]).ConfigureAwait(false);
            if (code == 0)
            {
                var network = await RunAsync(engine, root, arguments).ConfigureAwait(false);
                return (engine with { RunArguments = arguments, HasNetwork = network.Code == 0 }, network.Output);
            }

            complaint = output;
        }

        return (null, complaint);
    }

    private static Task<(int Code, string Output)> RunAsync(ContainerEngine engine, string root, string[] arguments)
    {
        var mounts = ((string[])["/bin", "/usr", "/lib", "/lib64"]).Where(Directory.Exists).SelectMany(folder => (string[])["--volume", $"{folder}:{folder}:ro"]);
        return engine.CallAsync(["run", "--rm", "--pids-limit", "64", "--cap-drop", "ALL", .. arguments, .. mounts, "--rootfs", root, "/bin/true"]);
    }

    private static async Task<(ContainerEngine? Engine, string Report)> TryDockerAsync(ContainerEngine engine)
    {
        var (code, output) = await engine.CallAsync("version", "--format", "{{.Server.Version}}").ConfigureAwait(false);
        return code == 0 ? (engine with { HasNetwork = true }, output) : (null, output);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Jobs with an image run by {Program}, with arguments '{Arguments}' and {Network}.")]
    private partial void LogWorks(string program, string arguments, string network);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Jobs with an image cannot be run. {Report}")]
    private partial void LogNone(string report);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Removed {Count} containers that an earlier run of this agent had left.")]
    private partial void LogLeftovers(int count);
}
