using System.Net;
using System.Security.Cryptography.X509Certificates;
using Control.Silo.Hosting;

namespace Control.Cli.Hosting;

/// <summary>How a process becomes a silo of a cluster. Its silos share a data folder, and with it the certificate.</summary>
/// <param name="Redis">Where the membership view is, as StackExchange.Redis reads it; may carry a password.</param>
/// <param name="Listen">Where this silo listens for the others.</param>
public sealed record ClusterOptions(string Redis, IPEndPoint Listen)
{
    /// <summary>The environment variable with <see cref="Redis"/>: passwords do not belong into arguments.</summary>
    public const string RedisVariable = "CONTROL_REDIS";

    /// <summary>The record's own text would show the password.</summary>
    public override string ToString() => $"{nameof(ClusterOptions)} at {Listen}";

    /// <summary>From the command line and the environment; null when neither asks for a cluster.</summary>
    internal static ClusterOptions? From(string? listen) => (Environment.GetEnvironmentVariable(RedisVariable), listen) switch
    {
        (null or "", null) => null,
        ({ Length: > 0 } redis, { } text) => new ClusterOptions(redis, ServerCommand.Endpoint(text)),
        (_, null) => throw new UsageException($"{RedisVariable} is set: say with --cluster-listen where the other silos reach this one, such as 10.0.0.5:11111, or unset it."),
        _ => throw new UsageException($"--cluster-listen joins a cluster: set {RedisVariable} to the address of its Redis, such as 10.0.0.9:6379, or leave the option out."),
    };

    /// <summary>Neither asked for a cluster where one is needed.</summary>
    internal static UsageException Missing() =>
        new($"Say with --cluster-listen where the silos of the cluster reach this process, and set {RedisVariable}.");

    internal SiloCluster With(X509Certificate2 certificate) => new() { Redis = Redis, Listen = Listen, Certificate = certificate };
}
