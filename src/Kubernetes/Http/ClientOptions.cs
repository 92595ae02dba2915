namespace Control.Kubernetes.Http;

/// <summary>How a client behaves towards one cluster.</summary>
public sealed class ClientOptions
{
    /// <summary>Requests per second in the long run, over everything this client does. Default 50, as kubectl; 1 to 10,000.</summary>
    public double RequestsPerSecond { get; set; } = 50;

    /// <summary>Requests that may go out at once after a rest. Default 300, as kubectl; 1 to 100,000.</summary>
    public int Burst { get; set; } = 300;

    /// <summary>How long a request may wait for its turn before it fails. Default 10 s; up to 10 min.</summary>
    public TimeSpan LongestWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an answer may take, repeats and waiting included; not for watches and other streams. Default 30 s; 1 s to 10 min.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long connecting may take. Default 10 s; 1 s to 2 min.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a request is sent before its failure counts. Default 4; 1 to 10.</summary>
    public int Tries { get; set; } = 4;

    /// <summary>The most bytes of one answer that is not a stream. Default 64 MiB; 1 MiB to 1 GiB.</summary>
    public int LargestAnswer { get; set; } = 64 * 1024 * 1024;

    /// <summary>The User-Agent header. Default <c>control</c>.</summary>
    public string UserAgent { get; set; } = "control";

    /// <summary>Fails with all that is out of range.</summary>
    /// <exception cref="ArgumentException">Names every option at fault, and its range.</exception>
    public void Validate()
    {
        string?[] wrong =
        [
            Out(nameof(RequestsPerSecond), RequestsPerSecond is >= 1 and <= 10_000, "1 to 10,000"),
            Out(nameof(Burst), Burst is >= 1 and <= 100_000, "1 to 100,000"),
            Out(nameof(LongestWait), LongestWait >= TimeSpan.Zero && LongestWait <= TimeSpan.FromMinutes(10), "0 to 10 min"),
            Out(nameof(RequestTimeout), RequestTimeout >= TimeSpan.FromSeconds(1) && RequestTimeout <= TimeSpan.FromMinutes(10), "1 s to 10 min"),
            Out(nameof(ConnectTimeout), ConnectTimeout >= TimeSpan.FromSeconds(1) && ConnectTimeout <= TimeSpan.FromMinutes(2), "1 s to 2 min"),
            Out(nameof(Tries), Tries is >= 1 and <= 10, "1 to 10"),
            Out(nameof(LargestAnswer), LargestAnswer is >= 1024 * 1024 and <= 1024 * 1024 * 1024, "1 MiB to 1 GiB"),
        ];
        var errors = wrong.OfType<string>().ToList();
        if (errors.Count > 0) throw new ArgumentException(string.Join(" ", errors));
    }

    private static string? Out(string name, bool isWithin, string range) => isWithin ? null : $"{nameof(ClientOptions)}.{name} must be {range}.";
}
