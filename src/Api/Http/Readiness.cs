using Microsoft.Extensions.Logging;

namespace Control.Api.Http;

/// <summary>Whether a process can do its work.</summary>
/// <param name="Status"><c>ok</c>, or <c>unavailable</c>.</param>
/// <param name="Parts">The parts that do not work.</param>
public sealed record Health(string Status, ImmutableArray<string> Parts)
{
    /// <summary>All parts work.</summary>
    public static Health Ok { get; } = new("ok", []);

    /// <summary>200 when all parts work, else 503: what probes go by.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int StatusCode => Parts.IsEmpty ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;

    /// <summary>These parts do not work.</summary>
    /// <param name="parts">Their names, at least one.</param>
    public static Health Without(params ImmutableArray<string> parts) => new("unavailable", parts);
}

/// <summary>Tries the parts of a process for a probe.</summary>
/// <param name="time">The clock of its patience.</param>
/// <param name="logger">Is told why a part does not work.</param>
public sealed partial class Readiness(TimeProvider time, ILogger logger)
{
    /// <summary>A part that takes longer is as good as away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly List<string> _failed = [];

    /// <summary>What the tries so far have shown.</summary>
    public Health Health => _failed.Count == 0 ? Health.Ok : Health.Without([.. _failed]);

    /// <summary>Tries a part for at most 3 s. That it fails is no exception here; being cancelled is.</summary>
    /// <param name="part">Its name.</param>
    /// <param name="attempt">Throws when the part does not work.</param>
    /// <param name="cancellationToken">Gives up, without a result.</param>
    public async Task TryAsync(string part, Func<Task> attempt, CancellationToken cancellationToken = default)
    {
        try
        {
            await attempt().WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnavailable(part, exception);
            if (!_failed.Contains(part)) _failed.Add(part);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Not ready: {Part} does not answer")]
    private partial void LogUnavailable(string part, Exception exception);
}
