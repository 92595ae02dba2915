namespace Control.Api;

/// <summary>Settings of the REST gateway; checked when the host starts.</summary>
public sealed class ApiOptions
{
    /// <summary>
    /// Checks the text of a pipeline definition; the gateway may not reference the engine, so the host passes this in.
    /// Required.
    /// </summary>
    public Func<string, ImmutableArray<FieldError>>? LintPipeline { get; set; }

    /// <summary>The JSON Schema of pipeline definitions, served as it is. Required.</summary>
    public string PipelineSchema { get; set; } = "";

    /// <summary>
    /// SHA-256 of the server's certificate, lower-case hex, which join tokens carry so that agents trust exactly it; null
    /// when agents verify the certificate by its authority.
    /// </summary>
    public string? CertificateFingerprint { get; set; }

    /// <summary>How often an idle event or log stream says that it is alive and reads again; 1 s to 1 min.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a credential is believed without asking the database; a revocation elsewhere takes this long. 0 to 5 s.</summary>
    public TimeSpan CredentialCacheTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Event and log streams one token may have open; 1 to 10,000.</summary>
    public int StreamsPerToken { get; set; } = 100;

    /// <summary>Joins that one remote address may try per minute; 1 to 10,000.</summary>
    public int JoinsPerMinute { get; set; } = 60;

    /// <summary>Wrong credentials that one remote address may present per minute; 1 to 10,000.</summary>
    public int FailedSignInsPerMinute { get; set; } = 60;

    /// <summary>Most bytes stored of one attempt's log, whatever its agent allows; at least 1 MiB.</summary>
    public long MaxLogBytes { get; set; } = 256L << 20;

    /// <summary>
    /// Whether /metrics answers without a token to requests from this machine. Requests that a proxy forwarded never count
    /// as such.
    /// </summary>
    public bool MetricsFromLoopback { get; set; } = true;

    /// <summary>What is wrong with the settings, each with its cure; empty when nothing is.</summary>
    internal IEnumerable<string> Errors()
    {
        if (LintPipeline is null)
        {
            yield return "Api: set LintPipeline to a function that checks pipeline definitions.";
        }

        if (PipelineSchema.Length == 0)
        {
            yield return "Api: set PipelineSchema to the JSON Schema of pipeline definitions.";
        }

        if (Heartbeat < TimeSpan.FromSeconds(1) || Heartbeat > TimeSpan.FromMinutes(1))
        {
            yield return "Api: set Heartbeat to 1 s to 1 min.";
        }

        if (CredentialCacheTime < TimeSpan.Zero || CredentialCacheTime > TimeSpan.FromSeconds(5))
        {
            yield return "Api: set CredentialCacheTime to 0 to 5 s.";
        }

        foreach (var (name, value) in new[]
        {
            (nameof(StreamsPerToken), StreamsPerToken),
            (nameof(JoinsPerMinute), JoinsPerMinute),
            (nameof(FailedSignInsPerMinute), FailedSignInsPerMinute),
        })
        {
            if (value is < 1 or > 10_000)
            {
                yield return $"Api: set {name} to 1 to 10000.";
            }
        }

        if (MaxLogBytes < 1 << 20)
        {
            yield return "Api: set MaxLogBytes to at least 1048576.";
        }
    }
}

/// <summary>Tells the options framework about <see cref="ApiOptions.Errors"/>.</summary>
internal sealed class ApiOptionsCheck : IValidateOptions<ApiOptions>
{
    public ValidateOptionsResult Validate(string? name, ApiOptions options) =>
        options.Errors().ToList() is { Count: > 0 } errors ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;
}
