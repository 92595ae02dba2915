using System.Globalization;
using Control.Agent.Jobs;
using Control.Agent.Limits;
using Control.Agent.Processes;
using Control.Agent.Users;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Executors.Containers;

/// <summary>
/// Runs a job's steps in a container: one per attempt, in which an idle process of the container's root, without any
/// capability, keeps the place and every step is run by the attempt's own user. The checkout happens outside, like a shell
/// job's. The container sees the attempt's folders and nothing else of the machine. It ends with its idle process, which
/// carries the mark of this boot for the reaper.
/// </summary>
internal sealed partial class ContainerExecutor(JobOrder order, JobTools tools, ContainerEngines engines, ILogger<ContainerExecutor> logger) : IExecutor
{
    private const string Inside = "/control";

    // Constants: what varies comes in as positional parameters.
    private const string Idle = "while :; do sleep 86400; done";
    private const string Enter = ". \"$2\" && exec \"$0\" -e \"$1\" 2>&1 </dev/null";

    private readonly ContainerSpec _container = order.Assignment.Container!;
    private readonly string _name = $"control-{Guid.NewGuid():n}";
    private EngineCalls? _calls;
    private Services? _services;
    private JobUser? _user;
    private JobProcesses? _processes;
    private WorkFolder? _folder;
    private bool _isMade;

    /// <inheritdoc/>
    public async Task<JobResult> RunAsync(CancellationToken cancellationToken)
    {
        if (tools.Users is null && tools.Local is null)
        {
            return JobResult.Failure(Reasons.AgentError, "The agent cannot run jobs with an image: it is not root, or was started with --job-users none. Let an agent that is root run them, or remove 'image' from the job.");
        }

        var (engine, report) = await engines.FindAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        if (engine is null)
        {
            return JobResult.Failure(Reasons.AgentError, report);
        }

        if (IsRoot && RootComplaint(engine) is { } complaint)
        {
            return JobResult.Failure(Reasons.AgentError, $"{complaint} Let another agent run the job, or set the image's user to job.");
        }

        if (_container.Network == ContainerNetwork.Own && !engine.HasNetwork)
        {
            return JobResult.Failure(Reasons.AgentError, $"The agent's machine cannot give containers networks of their own: {report} Repair it and start the agent again, or set the image's network to none or host.");
        }

        _user = await ClaimAsync().ConfigureAwait(false);
        _processes = new JobProcesses(tools.Programs, tools.Reaper, Mark.OfJob(tools.BootMark, order.Number), _user);
        _folder = WorkFolder.Create(tools.Work, order.Lease, _user, Sources.FolderOf(order, tools));
        _calls = new EngineCalls(engine, _processes);
        _services = new Services(order, tools, _calls, _name);
        return await Sources.PutAsync(order, tools, _folder, _processes, cancellationToken).ConfigureAwait(false)
            ?? await FetchAsync(_folder, cancellationToken).ConfigureAwait(false)
            ?? await StartAsync(_folder, cancellationToken).ConfigureAwait(false)
            ?? await _services.StartAsync(engines, _folder.Root, cancellationToken).ConfigureAwait(false)
            ?? await StepsAsync(_processes, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<CleanupView> EndAsync(TimeSpan grace)
    {
        var ended = _processes is null ? Extinction.OfNothing : await _processes.EndAsync(grace).ConfigureAwait(false);
        _services?.Expect();
        if (_isMade && await RemoveContainersAsync().ConfigureAwait(false) is { } complaint)
        {
            LogNotRemoved(_name, complaint);
        }

        await (_services?.EndAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        await (_folder?.RemoveSecretsAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        _user?.Dispose();
        // The engine gives every process in a container a session of its own.
        return ended with { Escaped = 0 };
    }

    /// <inheritdoc/>
    public Task<byte[]?> ReadOutputsAsync(int limit) => Task.FromResult(_folder is null ? null : OutputReader.Read(_folder.Outputs, limit, _folder.Owner));

    /// <inheritdoc/>
    public async Task RemoveAsync()
    {
        if (_folder is not null && !await WorkFolder.RemoveAsync(_folder.Root).ConfigureAwait(false))
        {
            LogNotRemoved(_folder.Root, "rm fails");
        }
    }

    private async Task<JobResult> StepsAsync(JobProcesses processes, CancellationToken cancellationToken)
    {
        var result = await new StepSequence(order.Log, processes, tools.Time).RunAsync(order.Assignment.Steps, Describe, cancellationToken).ConfigureAwait(false);
        if (result.Reason != Reasons.StepFailed)
        {
            return result;
        }

        var (code, idle) = await _calls!.Engine.CallAsync("inspect", "--format", "{{.State.Pid}}", _name).ConfigureAwait(false);
        var kills = code == 0 && int.TryParse(idle, NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? MemoryKills.AtProcess(process) : 0;
        return OutOfMemory.Explain(result, kills, _container.MemoryBytes);
    }

    private async Task<JobResult?> FetchAsync(WorkFolder folder, CancellationToken cancellationToken)
    {
        var fetch = new ImageFetch(order, _calls!, folder.Root);
        return await fetch.RunAsync(_container, variable => variable, cancellationToken).ConfigureAwait(false)
            ?? await _services!.FetchAsync(fetch, cancellationToken).ConfigureAwait(false);
    }

    private async Task<JobResult?> StartAsync(WorkFolder folder, CancellationToken cancellationToken)
    {
        folder.WriteSecrets(order.SecretFiles);
        engines.Remember(_calls!.Engine);
        _isMade = true;
        var (code, output) = await _calls.RunAsync([.. StartArguments(folder)], cancellationToken).ConfigureAwait(false);
        return code == 0 ? null : JobResult.Failure(Reasons.AgentError, $"The container could not be started; its image needs 'sh' and 'sleep'{RootNeeds}. {output}");
    }

    private IEnumerable<string> StartArguments(WorkFolder folder) =>
    [
        "run", "--detach", .. ContainerArguments.Of(engines, _calls!.Engine, _name, _container), .. Place(), "--network", Network(), .. _services!.Arguments, .. LowPorts(),
        .. Mount(folder.Source, "src"), .. Mount(folder.Home, "home"), .. Mount(folder.Temporary, "tmp"), .. Mount(Path.GetDirectoryName(folder.Outputs)!, "out"),
        .. Mount(folder.Scripts, "scripts", isReadOnly: true), .. Mount(folder.Secrets, "secrets", isReadOnly: true),
        // Of the boot, not of the job: who ends the job's processes leaves this one alone, and the reaper ends it.
        "--env", $"{Mark.Variable}={tools.BootMark}container/",
        "--entrypoint", "sh", _container.Image, "-c", Idle,
    ];

    private bool IsRoot => _container.User == ContainerUser.Root;

    private string RootNeeds => IsRoot ? ", and for a root of its own podman needs user namespaces and a file system that can map users, such as ext4 or xfs" : "";

    private string? RootComplaint(ContainerEngine engine) =>
        !engine.IsPodman ? "The agent's docker has no user namespaces of a container's own, so root inside would be root of the machine; podman has."
        : tools.Users is null && Libc.EffectiveUser() == 0 ? "The agent is root and gives jobs no users of their own, so root inside would be root of the machine."
        : null;

    private async Task<JobUser?> ClaimAsync() => (tools.Users, IsRoot) switch
    {
        (null, _) => null,
        ({ } users, true) => await users.ClaimRootAsync().ConfigureAwait(false),
        ({ } users, false) => await users.ClaimAsync().ConfigureAwait(false),
    };

    // The place of a root is kept by somebody else, whom it cannot end and who is not asked to go with the job's processes. Podman
    // would give that one an account, by a file of its own in the place of /etc/passwd, to which no package could add any.
    private IEnumerable<string> Place() => IsRoot
        ? [.. ContainerArguments.Root(_user), "--user", "1:1", "--passwd=false"]
        : ["--user", "0:0"];

    private string Network() => _container.Network switch
    {
        ContainerNetwork.None => "none",
        ContainerNetwork.Host => "host",
        _ => "bridge",
    };

    // A service may want its usual port, and is nobody who could have it otherwise. On the machine's own network that is not for jobs to say.
    private string[] LowPorts() =>
        order.Assignment.Services.IsEmpty || _container.Network == ContainerNetwork.Host ? [] : ["--sysctl", "net.ipv4.ip_unprivileged_port_start=0"];

    private static string[] Mount(string folder, string name, bool isReadOnly = false) => ContainerArguments.Mount(folder, $"{Inside}/{name}", isReadOnly);

    private (JobCommand? Command, JobResult? Unfit) Describe(int number, string name, StepSpec step)
    {
        if (_folder!.Resolve(step.WorkingDirectory) is not { } directory)
        {
            return (null, JobResult.Failure(Reasons.StepFailed, $"The {name} wants to run in '{step.WorkingDirectory}', which is no folder in the work folder."));
        }

        var work = $"{Inside}/src";
        (string, string)[] basis = [("HOME", $"{Inside}/home"), ("LANG", "C.UTF-8"), ("TMPDIR", $"{Inside}/tmp")];
        var environment = StepEnvironment.Of(order, step, basis, $"{Inside}/out/{Path.GetFileName(_folder.Outputs)}", work, $"{Inside}/secrets");
        var script = Path.GetFileName(_folder.WriteScript(number, step.Run));
        var variables = Path.GetFileName(_folder.WriteVariables(number, environment));
        string[] arguments =
        [
            "exec", "--user", User(), "--workdir", work + directory[_folder.Source.Length..], _name,
            "sh", "-c", Enter, step.Shell, $"{Inside}/scripts/{script}", $"{Inside}/scripts/{variables}",
        ];
        return (_calls!.Command(arguments), null);
    }

    // On a developer's own machine: to podman without root, root inside is whoever calls it; docker is asked for the caller by number.
    private string User() => IsRoot ? "0:0" : (_user, _calls!.Engine.IsPodman) switch
    {
        ({ } user, _) => string.Create(CultureInfo.InvariantCulture, $"{user.Id}:{user.Id}"),
        (null, true) => "0:0",
        _ => Libc.EffectiveUser().ToString(CultureInfo.InvariantCulture),
    };

    // Its processes are the job's user's, which are gone, and the idle one; nobody may hear "ended" before that is gone too.
    private async Task<string?> RemoveContainersAsync()
    {
        var engine = _calls!.Engine;
        string? complaint = null;
        for (var tries = 0; tries < 10; tries++)
        {
            complaint = await engine.RemoveAsync(_services!.Containers).ConfigureAwait(false) ?? await engine.RemoveAsync([_name]).ConfigureAwait(false);
            if (complaint is null && (await engine.ListAsync($"name={_name}").ConfigureAwait(false)).Length == 0)
            {
                return null;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System).ConfigureAwait(false);
        }

        return complaint ?? "it is still there";
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{What} could not be removed; the next start of the agent tries again. {Complaint}")]
    private partial void LogNotRemoved(string what, string complaint);
}
