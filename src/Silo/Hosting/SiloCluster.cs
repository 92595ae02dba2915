using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Control.Silo.Hosting;

/// <summary>How a silo finds and trusts the others of its cluster.</summary>
public sealed record SiloCluster
{
    /// <summary>
    /// Where Redis holds the membership view, as StackExchange.Redis reads it, such as
    /// <c>redis.internal:6379,password=…,ssl=true</c>. Nothing else is kept there; hints on what changed pass through it.
    /// </summary>
    public required string Redis { get; init; }

    /// <summary>Where this silo listens for the others; they reach it at this very address.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>
    /// The cluster's certificate with its key, the same on every silo. Both ends of every connection between silos show it
    /// and accept no other, so whoever does not have the key can neither call a grain nor pass for a silo.
    /// </summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>False for a gateway, which calls grains and has none. Default true.</summary>
    public bool HasGrains { get; init; } = true;

    /// <summary>
    /// False where nobody follows what changes, so that the process need not hear of all that the others change. Default true.
    /// </summary>
    public bool IsFollowed { get; init; } = true;

    /// <summary>Silos of one name form one cluster. Default: <c>control</c>.</summary>
    public string Name { get; init; } = "control";
}
