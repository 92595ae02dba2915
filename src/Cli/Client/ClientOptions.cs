namespace Control.Cli.Client;

/// <summary>Where the server is and how to speak to it.</summary>
public sealed record ClientOptions
{
    /// <summary>Base address, without <c>/api/v1</c>. Plain <c>http</c> only for loopback addresses: a token must not cross a network in the clear.</summary>
    public required Uri Server { get; init; }

    /// <summary>Bearer token; null for anonymous requests.</summary>
    public string? Token { get; init; }

    /// <summary>SHA-256 of the server's certificate as hex. When set it alone decides; otherwise the machine's trust does.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>How long one try of a request may take; streams have no limit. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tries of a request whose connection failed, the first included. Default 4.</summary>
    public int Tries { get; init; } = 4;

    /// <summary>
    /// How long a request is repeated that the server answered, but could not take just then, as while a silo's grains move to
    /// another. Default 30 s; a cluster drops a silo that froze after 11 s (docs/operations.md).
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First pause before a repeat; each further one is twice as long, at most <see cref="MaxBackOff"/>. Default 250 ms.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest pause before a repeat. Default 10 s.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A stream that is silent this long is taken for dead and resumed; servers send a heartbeat every 15 s, at the slowest every minute. Default 90 s.</summary>
    public TimeSpan StreamSilence { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The clock of pauses and limits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The options, with every value in range.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names the cure.</exception>
    internal ClientOptions Checked()
    {
        if (!Server.IsAbsoluteUri || Server.Scheme is not ("https" or "http"))
        {
            throw new ArgumentException($"'{Server}' is not a server address; give one such as https://control.example.org:7443.");
        }

        if (Server.Scheme == "http" && !Server.IsLoopback)
        {
            throw new ArgumentException($"'{Server}' would send the token over the network in the clear; use https.");
        }

        if (Fingerprint is not null && Normalize(Fingerprint) is null)
        {
            throw new ArgumentException("The fingerprint must be the 64 hex digits of a SHA-256, with or without colons.");
        }

        return this with { Fingerprint = Fingerprint is null ? null : Normalize(Fingerprint) };
    }

    private static string? Normalize(string fingerprint)
    {
        var hex = fingerprint.Replace(":", "", StringComparison.Ordinal).Trim().ToLowerInvariant();
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit) ? hex : null;
    }
}
