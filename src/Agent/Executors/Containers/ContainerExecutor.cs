using System.Globalization;
using System.Text;
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
    private readonly StringBuilder _output = new();
    private ContainerEngine? _engine;
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

        if (_container.Network == ContainerNetwork.Own && !engine.HasNetwork)
        {
            return JobResult.Failure(Reasons.AgentError, $"The agent's machine cannot give containers networks of their own: {report} Repair it and start the agent again, or set the image's network to none or host.");
        }

        _engine = engine;
        _user = tools.Users is { } users ? await users.ClaimAsync().ConfigureAwait(false) : null;
        _processes = new JobProcesses(tools.Programs, tools.Reaper, Mark.OfJob(tools.BootMark, order.Number), _user);
        _folder = WorkFolder.Create(tools.Work, order.Lease, _user, Sources.FolderOf(order, tools));
        return await Sources.PutAsync(order, tools, _folder, _processes, cancellationToken).ConfigureAwait(false)
            ?? await PullAsync(cancellationToken).ConfigureAwait(false)
            ?? await StartAsync(_folder, cancellationToken).ConfigureAwait(false)
            ?? await StepsAsync(_processes, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<CleanupView> EndAsync(TimeSpan grace)
    {
        var ended = _processes is null ? Extinction.OfNothing : await _processes.EndAsync(grace).ConfigureAwait(false);
        if (_isMade && await RemoveContainerAsync().ConfigureAwait(false) is { } complaint)
        {
            LogNotRemoved(_name, complaint);
        }

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

        var (code, idle) = await _engine!.CallAsync("inspect", "--format", "{{.State.Pid}}", _name).ConfigureAwait(false);
        var kills = code == 0 && int.TryParse(idle, NumberStyles.None, CultureInfo.InvariantCulture, out var process) ? MemoryKills.AtProcess(process) : 0;
        return OutOfMemory.Explain(result, kills, _container.MemoryBytes);
    }

    private async Task<JobResult?> PullAsync(CancellationToken cancellationToken)
    {
        var isThere = _container.Pull != ImagePull.Always && await CallAsync(["image", "inspect", "--format", "{{.Id}}", _container.Image], cancellationToken).ConfigureAwait(false) == 0;
        if (isThere)
        {
            return null;
        }

        if (_container.Pull == ImagePull.Never)
        {
            return JobResult.Failure(Reasons.AgentError, $"The agent does not have the image {_container.Image}, and the job says to fetch it never. Put it there, or set 'pull' to missing.");
        }

        order.Log.WriteLine($"fetching the image {_container.Image}");
        using var login = RegistryLogin.Create(_container, order.Message, Path.Combine(_folder!.Root, "login"));
        string[] pull = (login, _engine!.IsPodman) switch
        {
            (null, _) => ["pull", "--quiet", _container.Image],
            (_, true) => ["pull", "--quiet", "--authfile", login.AuthFile, _container.Image],
            _ => ["--config", login.Folder, "pull", "--quiet", _container.Image],
        };
        return await CallAsync(pull, cancellationToken).ConfigureAwait(false) == 0
            ? null
            : JobResult.Failure(Reasons.AgentError, $"The image {_container.Image} could not be fetched. Check its name, its registry and 'credentials'. {_output}");
    }

    private async Task<JobResult?> StartAsync(WorkFolder folder, CancellationToken cancellationToken)
    {
        folder.WriteSecrets(order.SecretFiles);
        engines.Remember(_engine!);
        _isMade = true;
        return await CallAsync([.. StartArguments(folder)], cancellationToken).ConfigureAwait(false) == 0
            ? null
            : JobResult.Failure(Reasons.AgentError, $"The container could not be started; its image needs 'sh' and 'sleep'. {_output}");
    }

    private IEnumerable<string> StartArguments(WorkFolder folder) =>
    [
        "run", "--detach", "--pull", "never", "--name", _name, "--label", engines.Labelled, .. _engine!.RunArguments,
        "--user", "0:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--log-driver", "none", "--restart", "no",
        "--ulimit", "core=0:0", "--network", Network(), "--pids-limit", _container.Pids.ToString(CultureInfo.InvariantCulture),
        .. Limits(),
        .. Mount(folder.Source, "src"), .. Mount(folder.Home, "home"), .. Mount(folder.Temporary, "tmp"), .. Mount(Path.GetDirectoryName(folder.Outputs)!, "out"),
        .. Mount(folder.Scripts, "scripts", ",readonly"), .. Mount(folder.Secrets, "secrets", ",readonly"),
        // Of the boot, not of the job: who ends the job's processes leaves this one alone, and the reaper ends it.
        "--env", $"{Mark.Variable}={tools.BootMark}container/",
        "--entrypoint", "sh", _container.Image, "-c", Idle,
    ];

    private string Network() => _container.Network switch
    {
        ContainerNetwork.None => "none",
        ContainerNetwork.Host => "host",
        _ => "bridge",
    };

    private IEnumerable<string> Limits()
    {
        var memory = _container.MemoryBytes.ToString(CultureInfo.InvariantCulture);
        var cpus = (_container.MilliCpus / 1000m).ToString(CultureInfo.InvariantCulture);
        return [.. _container.MemoryBytes > 0 ? (string[])["--memory", memory, "--memory-swap", memory] : [], .. _container.MilliCpus > 0 ? (string[])["--cpus", cpus] : []];
    }

    private static string[] Mount(string folder, string name, string options = "") => folder.Contains(',', StringComparison.Ordinal)
        ? throw new IOException($"The path {folder} has a comma, which container engines do not take. Give the agent another folder with --work.")
        : ["--mount", $"type=bind,source={folder},destination={Inside}/{name}{options}"];

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
        return (Command(arguments), null);
    }

    // On a developer's own machine: to podman without root, root inside is whoever calls it; docker is asked for the caller by number.
    private string User() => (_user, _engine!.IsPodman) switch
    {
        ({ } user, _) => string.Create(CultureInfo.InvariantCulture, $"{user.Id}:{user.Id}"),
        (null, true) => "0:0",
        _ => Libc.EffectiveUser().ToString(CultureInfo.InvariantCulture),
    };

    private JobCommand Command(string[] arguments) => new(_engine!.Program, arguments, "/", ContainerEngine.Environment(), IsAgents: true);

    private async Task<int> CallAsync(string[] arguments, CancellationToken cancellationToken)
    {
        _output.Clear();
        return await _processes!.RunAsync(Command(arguments), Keep, cancellationToken).ConfigureAwait(false);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        lock (_output)
        {
            _output.Append(Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, Math.Max(0, 2000 - _output.Length))]).ReplaceLineEndings(" "));
        }
    }

    // Its processes are the job's user's, which are gone, and the idle one; nobody may hear "ended" before that is gone too.
    private async Task<string?> RemoveContainerAsync()
    {
        string? complaint = null;
        for (var tries = 0; tries < 10; tries++)
        {
            complaint = await _engine!.RemoveAsync([_name]).ConfigureAwait(false);
            if (complaint is null && (await _engine.ListAsync($"name={_name}").ConfigureAwait(false)).Length == 0)
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
