using Control.Agent.Jobs;
using Control.Agent.Limits;
using Control.Agent.Processes;
using Control.Agent.Users;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Executors;

/// <summary>Runs a job's checkout and steps as processes of this machine, by a user of its own where the agent can give it one.</summary>
internal sealed partial class ShellExecutor(JobOrder order, JobTools tools, ILogger<ShellExecutor> logger) : IExecutor
{
    private JobUser? _user;
    private JobLimits? _limits;
    private JobProcesses? _processes;
    private WorkFolder? _folder;

    /// <inheritdoc/>
    public async Task<JobResult> RunAsync(CancellationToken cancellationToken)
    {
        // What may fail comes first: a shell that was taken is the processes' to end.
        _limits = JobLimits.Of(order.Assignment.Resources, tools.Groups, tools.Programs.PrLimit, tools.Users is not null, order.Number);
        var place = await tools.Standby.TakeAsync().ConfigureAwait(false);
        _user = place.User;
        _processes = new JobProcesses(
            tools.Programs, tools.Reaper, Mark.OfJob(tools.BootMark, order.Number), _user, _limits, place.Shell, tools.Standby.PrepareLater);
        if (_limits is not null)
        {
            order.Log.WriteLine(_limits.Report);
        }

        _folder = WorkFolder.Create(tools.Work, order.Lease, _user, Sources.FolderOf(order, tools));
        if (await Sources.PutAsync(order, tools, _folder, _processes, cancellationToken).ConfigureAwait(false) is { } failure)
        {
            return failure;
        }

        _folder.WriteSecrets(order.SecretFiles);
        var result = await new StepSequence(order.Log, _processes, tools.Time).RunAsync(order.Assignment.Steps, Describe, cancellationToken).ConfigureAwait(false);
        return OutOfMemory.Explain(result, _limits?.Group?.OomKills() ?? 0, order.Assignment.Resources?.MemoryBytes ?? 0);
    }

    /// <inheritdoc/>
    public async Task<CleanupView> EndAsync(TimeSpan grace)
    {
        tools.Standby.Prepare();
        var ended = _processes is null ? Extinction.OfNothing : await _processes.EndAsync(grace).ConfigureAwait(false);
        await (_folder?.RemoveSecretsAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        _limits?.Group?.TryRemove();
        _user?.Dispose();
        return ended;
    }

    /// <inheritdoc/>
    public Task<byte[]?> ReadOutputsAsync(int limit) => Task.FromResult(_folder is null ? null : OutputReader.Read(_folder.Outputs, limit, _folder.Owner));

    /// <inheritdoc/>
    public async Task RemoveAsync()
    {
        if (_folder is not null && !await WorkFolder.RemoveAsync(_folder.Root).ConfigureAwait(false))
        {
            LogNotRemoved(_folder.Root);
        }
    }

    private (JobCommand? Command, JobResult? Unfit) Describe(int number, string name, StepSpec step)
    {
        var folder = _folder!;
        if (step.Shell == "bash" && tools.Programs.Bash is null)
        {
            return (null, JobResult.Failure(Reasons.AgentError, "The agent has no bash. Install it there, or set the step's shell to sh."));
        }

        if (folder.Resolve(step.WorkingDirectory) is not { } directory)
        {
            return (null, JobResult.Failure(Reasons.StepFailed, $"The {name} wants to run in '{step.WorkingDirectory}', which is no folder in the work folder."));
        }

        var shell = step.Shell == "bash" ? tools.Programs.Bash! : tools.Programs.Sh;
        return (new JobCommand(shell, ["-e", folder.WriteScript(number, step.Run)], directory, StepEnvironment.Of(order, step, Basis(folder), folder.Outputs, folder.Source, folder.Secrets)), null);
    }

    private static (string, string)[] Basis(WorkFolder folder) =>
        [("PATH", Programs.SearchPath), ("HOME", folder.Home), ("LANG", "C.UTF-8"), ("TMPDIR", folder.Temporary)];

    [LoggerMessage(Level = LogLevel.Warning, Message = "The work folder {Folder} could not be removed; the next start of the agent tries again.")]
    private partial void LogNotRemoved(string folder);
}
