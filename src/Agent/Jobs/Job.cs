using Control.Agent.Executors;
using Control.Agent.Logs;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Control.Engine.Logs;
using Control.Engine.Runs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Jobs;

/// <summary>
/// One attempt under one lease, from the order to the accepted final report. Whatever ends it, its processes are gone before
/// the report is made.
/// </summary>
internal sealed partial class Job
{
    // The agent ends a job before the server gives it up: at this share of the limit, with a tenth of it for cleaning up.
    private const double SilenceShare = 0.8;
    private const double SilenceGraceShare = 0.1;
    private const int MaxMessage = 1000;

    // A timer holds 49 days; a longer limit is as good as none.
    private const int MaxTimeoutSeconds = 40 * 24 * 3600;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _uploading = new();
    private readonly AssignmentMessage _message;
    private readonly Assignment _assignment;
    private readonly JobTools _tools;
    private readonly ExecutorChoice _executors;
    private readonly long _number;
    private readonly ILogger<Job> _logger;
    private JobEnd _end;
    private LogTrouble? _trouble;
    private SecretSet? _secrets;
    private LogSpool? _spool;
    private JobLog? _log;
    private IExecutor? _executor;
    private Task _upload = Task.CompletedTask;
    private Task _removal = Task.CompletedTask;

    /// <summary>A job that has not begun.</summary>
    /// <param name="message">What to run.</param>
    /// <param name="number">Unique in this boot; part of the mark.</param>
    /// <param name="tools">Shared by all jobs.</param>
    /// <param name="executors">Makes what runs it.</param>
    /// <param name="logger">For people.</param>
    public Job(AssignmentMessage message, long number, JobTools tools, ExecutorChoice executors, ILogger<Job> logger)
    {
        (_message, _assignment, _tools, _executors, _logger) = (message, message.Assignment, tools, executors, logger);
        _number = number;
        Lease = new LeaseRef(_assignment.Attempt, _assignment.Lease);
    }

    /// <summary>The lease it runs under.</summary>
    public LeaseRef Lease { get; }

    /// <summary>True when its log found no more room on the agent's disk: until it is uploaded, another job's would not either.</summary>
    public bool IsOutOfRoom => _trouble is { IsLimit: false };

    /// <summary>Ends it. Returns at once.</summary>
    /// <returns>False when it was to end already.</returns>
    public bool End(JobEnd cause)
    {
        lock (_gate)
        {
            if (_end == cause || (_end != JobEnd.None && cause != JobEnd.Forgotten))
            {
                return false;
            }

            _end = cause;
        }

        // Asynchronously: what waits for the token must not run in the middle of the caller.
        _ = _ending.CancelAsync();
        if (cause == JobEnd.Forgotten)
        {
            _ = _uploading.CancelAsync();
        }

        return true;
    }

    /// <summary>Runs it and reports; returns once the server has taken the final report or wants none.</summary>
    /// <param name="abandon">Stops trying to reach the server; the processes are ended all the same.</param>
    public async Task RunAsync(CancellationToken abandon)
    {
        LogStarting(Lease.Attempt, Lease.Lease);
        _tools.Metrics.JobStarted();
        using var overtaken = new CancellationTokenSource();
        var began = _tools.Time.GetTimestamp();
        var started = ReportAsync(new JobResult(ReportKind.Started), overtaken.Token, abandon);
        var result = await ExecuteAsync(abandon).ConfigureAwait(false) with { Ran = _tools.Time.GetElapsedTime(began) };
        await overtaken.CancelAsync().ConfigureAwait(false);
        await started.ConfigureAwait(false);
        LogEnded(Lease.Attempt, _end == JobEnd.Forgotten ? "forgotten" : result.Kind.ToString(), Masked(result.Message));
        _tools.Metrics.JobEnded(_end == JobEnd.Forgotten ? "Forgotten" : result.Reason ?? result.Kind.ToString());
        if (_end != JobEnd.Forgotten)
        {
            await ReportAsync(result, CancellationToken.None, abandon).ConfigureAwait(false);
        }
    }

    /// <summary>After <see cref="RunAsync"/>, which nothing of this may delay: the log goes to the server, then files are gone.</summary>
    public async Task DrainAsync()
    {
        await _removal.ConfigureAwait(false);
        await _upload.ConfigureAwait(false);
        _spool?.Dispose();
    }

    // A refused report of either kind means that the lease is void.
    private async Task ReportAsync(JobResult result, CancellationToken overtaken, CancellationToken abandon)
    {
        var message = Masked(result.Message);
        var report = new AttemptReport(
            Lease.Attempt,
            Lease.Lease,
            _tools.Agent,
            result.Kind,
            result.Reason,
            message?[..Math.Min(message.Length, MaxMessage)],
            result.ExitCode,
            result.Outputs,
            _spool?.Length ?? 0,
            result.Ran,
            Cleanup: result.Cleanup);
        if (!await _tools.Reports.DeliverAsync(report, overtaken, abandon).ConfigureAwait(false))
        {
            End(JobEnd.Forgotten);
        }
    }

    private string? Masked(string? message) => message is null ? null : _secrets?.Mask(message) ?? message;

    private async Task<JobResult> ExecuteAsync(CancellationToken abandon)
    {
        var limit = TimeSpan.FromSeconds(Math.Clamp(_assignment.TimeoutSeconds, 1, MaxTimeoutSeconds));
        var silence = TimeSpan.FromSeconds(Math.Max(1, _assignment.LostAfterSeconds)) * SilenceShare;
        using var timeout = _tools.Time.CreateTimer(_ => End(JobEnd.TimedOut), null, limit, Timeout.InfiniteTimeSpan);
        using var watch = new SilenceWatch(_tools.Contact, silence, () => End(JobEnd.OutOfTouch), _tools.Time);
        JobResult? result = null;
        try
        {
            OpenLog(abandon);
            result = await RunStepsAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // How it ended is in _end.
        }
        catch (Exception e)
        {
            // Also a fault of the agent's own code must end as a report, or the run would wait for its time limit.
            LogFailed(Lease.Attempt, e);
            result = JobResult.Failure(Reasons.AgentError, $"The agent could not run the job: {e.Message}");
        }

        result = await CloseAsync(result).ConfigureAwait(false);
        _removal = _executor?.RemoveAsync() ?? Task.CompletedTask;
        return result;
    }

    private async Task<JobResult> RunStepsAsync()
    {
        if (!_message.MissingSecrets.IsEmpty)
        {
            return JobResult.Failure(Reasons.SecretMissing, $"Neither the pipeline nor its workspace has a secret {string.Join(", ", _message.MissingSecrets)}. Create it, or remove it from the pipeline, and retry.");
        }

        _executor = _executors.Create(new JobOrder(_message, _number, _log!, _secrets!));
        return await _executor.RunAsync(_ending.Token).ConfigureAwait(false);
    }

    private void OpenLog(CancellationToken abandon)
    {
        var credential = _message.SourceCredential;
        _secrets = new SecretSet(_message.SecretValues.Values.Concat([credential?.Text, credential?.Password]).OfType<string>());
        Directory.CreateDirectory(_tools.State.Spool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _spool = new LogSpool(Path.Combine(_tools.State.Spool, Guid.NewGuid().ToString("n")), _tools.Quota);
        _log = new JobLog(_spool, new SecretMasker(_secrets), _assignment.LogLimitBytes, OnTrouble);
        _upload = UploadAsync(_spool, abandon);
    }

    private void OnTrouble(LogTrouble trouble)
    {
        _trouble = trouble;
        End(trouble.IsLimit ? JobEnd.LogLimit : JobEnd.LogFailed);
    }

    // Ends what is left, and only then decides what to report: the log and the outputs do not change any more.
    private async Task<JobResult> CloseAsync(JobResult? result)
    {
        var grace = _end == JobEnd.OutOfTouch ? TimeSpan.FromSeconds(_assignment.LostAfterSeconds) * SilenceGraceShare : _tools.Options.StopGrace;
        grace = grace < _tools.Options.StopGrace ? grace : _tools.Options.StopGrace;
        var ended = _executor is null ? Extinction.OfNothing : await _executor.EndAsync(grace).ConfigureAwait(false);
        if (result?.Kind == ReportKind.Succeeded)
        {
            result = JobOutputs.Take(await _executor!.ReadOutputsAsync(JobOutputs.ReadLimit).ConfigureAwait(false), _assignment.Outputs, _secrets!);
        }

        result ??= Interrupted();
        var wasEnded = _end != JobEnd.None || result.Reason == Reasons.TimedOut;
        var cleanup = wasEnded || ended.Found > 0 ? ended : null;
        WriteEnd(result, cleanup, wasEnded);
        _log?.Complete();
        return Judged(result) with { Cleanup = cleanup };
    }

    private JobResult Judged(JobResult result) => _trouble switch
    {
        null => result,
        { IsLimit: true } trouble => JobResult.Failure(Reasons.LogLimit, trouble.Message),
        { } trouble => JobResult.Failure(Reasons.AgentError, $"The job's log could not be kept: {trouble.Message}"),
    };

    private JobResult Interrupted() => _end switch
    {
        JobEnd.TimedOut => JobResult.Failure(Reasons.TimedOut, $"The job ran longer than its {_assignment.TimeoutSeconds} s."),
        JobEnd.OutOfTouch => new(ReportKind.Stopped, Reasons.AgentLost, $"The agent could not reach the server for {_tools.Contact.Silence.TotalSeconds:0} s and ended the job."),
        _ => new(ReportKind.Stopped, Reasons.Cancelled, "Stopped."),
    };

    private void WriteEnd(JobResult result, CleanupView? cleanup, bool wasEnded)
    {
        if (cleanup is not null)
        {
            _log?.WriteLine($"{(wasEnded ? "ended" : "left running and ended")}: {CleanupText.Of(cleanup)}");
        }

        if (result.Message is { } message)
        {
            _log?.WriteLine(message);
        }
    }

    private async Task UploadAsync(LogSpool spool, CancellationToken abandon)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(abandon, _uploading.Token);
        try
        {
            var upload = new LogUpload(spool, Lease, _tools.Server, _tools.Metrics, _tools.Time);
            if (!await upload.RunAsync(either.Token).ConfigureAwait(false))
            {
                End(JobEnd.Forgotten);
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // Nobody wants the rest.
        }
    }
}
