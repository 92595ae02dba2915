using System.Globalization;
using System.Text;
using Control.Agent.Jobs;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Executors.Containers;

/// <summary>One service of an attempt: its container, and a client of the engine that stays attached for what it prints.</summary>
/// <param name="spec">What was asked for.</param>
/// <param name="container">Name of the container, told apart from those of other attempts.</param>
/// <param name="order">The attempt.</param>
/// <param name="tools">For the reaper.</param>
/// <param name="calls">Of the engine.</param>
internal sealed class Service(ServiceSpec spec, string container, JobOrder order, JobTools tools, EngineCalls calls)
{
    // As long as a container's first process is not there yet; the engine has no call that waits for it.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenChecks = TimeSpan.FromSeconds(1);

    // To have its first process; the check's time begins with that.
    private const int SecondsToRun = 60;

    // What images that begin as root need to prepare their folders and to become a user of their own, and no more.
    private static readonly string[] Capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

    private readonly ServiceOutput _output = new(spec.Name, order.Log, order.Secrets);
    private Task<int> _end = Task.FromResult(0);
    private int _process;
    private bool _isReady;

    /// <summary>Name of its container.</summary>
    public string Container => container;

    /// <summary>Done when it has ended and all that it printed is in the log.</summary>
    public Task End => _end;

    /// <summary>Gets its image.</summary>
    public Task<JobResult?> FetchAsync(ImageFetch fetch, CancellationToken cancellationToken) =>
        fetch.RunAsync(spec.Container, variable => Assignment.ServiceVariable(spec.Name, variable), cancellationToken);

    /// <summary>Makes its container in the network of the job's.</summary>
    /// <param name="engines">Whose mark it carries.</param>
    /// <param name="network">Name of the job's container.</param>
    /// <param name="folder">Where nobody but the agent reads; has the file of host names.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<JobResult?> CreateAsync(ContainerEngines engines, string network, string folder, CancellationToken cancellationToken)
    {
        if (ServiceSecrets.Complaint(spec, order.Message.SecretValues) is { } complaint)
        {
            return JobResult.Failure(Reasons.ServiceFailed, complaint);
        }

        using var secrets = ServiceSecrets.Write(spec, order.Message.SecretValues, Path.Combine(folder, "service"));
        var (code, output) = await calls.RunAsync(
        [
            "create", .. ContainerArguments.Of(engines, calls.Engine, container, spec.Container), "--label", ContainerEngines.ServiceLabel, "--network", $"container:{network}",
            .. ContainerArguments.Mount(Path.Combine(folder, Services.Hosts), "/etc/hosts", isReadOnly: true),
            .. ContainerArguments.Add(Capabilities), .. secrets.Arguments, .. Env(),
            "--env", $"{Mark.Variable}={tools.BootMark}container/",
            .. spec.Command.Take(1).SelectMany(program => (string[])["--entrypoint", Entry(program)]),
            spec.Container.Image, .. spec.Command.Skip(1), .. spec.Args,
        ], cancellationToken).ConfigureAwait(false);
        return code == 0 ? null : JobResult.Failure(Reasons.AgentError, $"The container of the service {spec.Name} could not be made. {output}");
    }

    /// <summary>It is about to be ended, which is no news then.</summary>
    public void Expect() => _isReady = false;

    /// <summary>Starts it. What it prints goes to the log from now on.</summary>
    /// <param name="processes">Of the clients that stay attached.</param>
    public void Start(JobProcesses processes) => _end = FollowAsync(processes);

    /// <summary>Null when it runs and its check, if it has one, succeeds; otherwise why it does not.</summary>
    public async Task<JobResult?> ReadyAsync(CancellationToken cancellationToken)
    {
        var seconds = SecondsToRun;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), tools.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var isRunning = await IsRunningAsync(either.Token).ConfigureAwait(false);
            seconds = spec.Ready?.TimeoutSeconds ?? seconds;
            limit.CancelAfter(TimeSpan.FromSeconds(seconds));
            _isReady = isRunning && await SucceedsAsync(either.Token).ConfigureAwait(false);
            return _isReady ? null : Failure($"ended with {Number(await _end.ConfigureAwait(false))} before the first step");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failure($"was not ready within {Number(seconds)} s");
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private JobResult Failure(string what) => JobResult.Failure(Reasons.ServiceFailed, $"The service {spec.Name} {what}. {_output.Last}");

    // An engine would prefer these to a file's.
    private IEnumerable<string> Env() => spec.Env
        .Where(variable => !spec.Secrets.Any(secret => secret.Name == variable.Name))
        .SelectMany(variable => (string[])["--env", $"{variable.Name}={variable.Value}"]);

    // Podman takes a list as an entry point too, and a text that looks like one for one.
    private string Entry(string program) => calls.Engine.IsPodman ? System.Text.Json.JsonSerializer.Serialize<string[]>([program]) : program;

    private async Task<int> FollowAsync(JobProcesses processes)
    {
        var code = await processes.RunAsync(calls.Command(["start", "--attach", container]), _output.Write, CancellationToken.None).ConfigureAwait(false);
        _output.Flush();
        if (_isReady)
        {
            order.Log.WriteBeside(Encoding.UTF8.GetBytes($"== the service {spec.Name} ended with {Number(code)}\n"));
        }

        if (Interlocked.Exchange(ref _process, 0) is > 0 and var process)
        {
            tools.Reaper.Unwatch(process);
        }

        return code;
    }

    // False when it has ended. Its first process leads a session and, whatever becomes of its environment, cannot leave it.
    private async Task<bool> IsRunningAsync(CancellationToken cancellationToken)
    {
        while (!_end.IsCompleted)
        {
            var (code, process) = await calls.RunAsync(["inspect", "--format", "{{.State.Pid}}", container], cancellationToken).ConfigureAwait(false);
            if (code == 0 && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0)
            {
                Watch(id);
                return !_end.IsCompleted;
            }

            await PauseAsync(BetweenLooks, cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    private void Watch(int process)
    {
        tools.Reaper.Watch(process);
        _process = process;
        if (_end.IsCompleted && Interlocked.Exchange(ref _process, 0) > 0)
        {
            tools.Reaper.Unwatch(process);
        }
    }

    // False when it has ended.
    private async Task<bool> SucceedsAsync(CancellationToken cancellationToken)
    {
        while (spec.Ready is { } ready && !_end.IsCompleted)
        {
            if ((await calls.RunAsync(["exec", container, .. ready.Command], cancellationToken).ConfigureAwait(false)).Code == 0)
            {
                break;
            }

            await PauseAsync(BetweenChecks, cancellationToken).ConfigureAwait(false);
        }

        return !_end.IsCompleted;
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_end, Task.Delay(pause, tools.Time, over.Token)).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
