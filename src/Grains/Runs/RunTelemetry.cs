using System.Diagnostics;
using System.Diagnostics.Metrics;
using Control.Engine.Runs;

namespace Control.Grains.Runs;

/// <summary>
/// Spans and figures of finished runs, by OpenTelemetry's semantic conventions for CI/CD (attributes <c>cicd.*</c>). Spans
/// are written when the run ends, with the times it recorded, so they survive restarts in between.
/// </summary>
internal sealed class RunTelemetry : IDisposable
{
    public const string SourceName = "Control.Runs";

    private readonly ActivitySource _source = new(SourceName);
    private readonly Meter _meter = new(SourceName);
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _errors;

    public RunTelemetry()
    {
        _duration = _meter.CreateHistogram(
            "cicd.pipeline.run.duration", "s", "Duration of a pipeline run.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600] });
        _errors = _meter.CreateCounter<long>("cicd.pipeline.run.errors", "{error}", "Pipeline runs that did not succeed, by reason.");
    }

    public void Finished(RunModel model)
    {
        var head = model.Head;
        var finished = head.FinishedAt ?? head.CreatedAt;
        var name = new KeyValuePair<string, object?>("cicd.pipeline.name", model.Id.Pipeline.ToString());
        var result = new KeyValuePair<string, object?>("cicd.pipeline.result", Result(head.State));
        _duration.Record((finished - head.CreatedAt).TotalSeconds, name, result);
        if (head.State != RunState.Succeeded)
        {
            _errors.Add(1, name, new KeyValuePair<string, object?>("error.type", head.Reason));
        }

        if (_source.HasListeners())
        {
            WriteSpans(model, finished, [name, result]);
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _meter.Dispose();
    }

    private void WriteSpans(RunModel model, DateTimeOffset finished, IEnumerable<KeyValuePair<string, object?>> tags)
    {
        _ = ActivityContext.TryParse(model.Head.TraceParent, null, isRemote: true, out var parent);
        using var run = _source.StartActivity(
            ActivityKind.Server, parent, tags, startTime: model.Head.CreatedAt, name: $"RUN {model.Id.Pipeline}");
        run?.SetTag("cicd.pipeline.action.name", "RUN");
        run?.SetTag("cicd.pipeline.run.id", model.Id.ToString());
        run?.SetEndTime(finished.UtcDateTime);
        foreach (var attempt in model.Attempts.Values.OrderBy(attempt => attempt.QueuedAt))
        {
            WriteTask(attempt, run?.Context ?? parent, finished);
        }
    }

    private void WriteTask(AttemptRecord attempt, ActivityContext parent, DateTimeOffset finished)
    {
        using var task = _source.StartActivity(
            ActivityKind.Internal, parent, startTime: attempt.LeasedAt ?? attempt.QueuedAt, name: $"EXECUTE {attempt.Id.Job}");
        task?.SetTag("cicd.pipeline.task.name", attempt.Id.Job.ToString());
        task?.SetTag("cicd.pipeline.task.run.id", attempt.Id.ToString());
        task?.SetTag("cicd.pipeline.task.run.result", attempt.State == AttemptState.Succeeded ? "success" : "failure");
        task?.SetTag("cicd.worker.id", attempt.Agent?.Value);
        task?.SetTag("error.type", attempt.Reason);
        task?.SetEndTime((attempt.FinishedAt ?? finished).UtcDateTime);
    }

    private static string Result(RunState state) => state switch
    {
        RunState.Succeeded => "success",
        RunState.Cancelled => "cancellation",
        _ => "failure",
    };
}
