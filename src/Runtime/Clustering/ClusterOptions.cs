using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orleans.Runtime;

namespace Control.Runtime.Clustering;

/// <summary>How a silo finds and trusts the others of its cluster.</summary>
public sealed class ClusterOptions
{
    /// <summary>Where Redis holds the membership view, as StackExchange.Redis reads it.</summary>
    public required string Redis { get; init; }

    /// <summary>Where this silo listens for the others; they reach it at this very address.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Both ends of every connection show it and accept no other.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>
    /// Gives this silo's generation, greater than all before: from where nothing is forgotten, so that a Redis that was emptied
    /// cannot bring a dead silo back. Gets the host's services.
    /// </summary>
    public required Func<IServiceProvider, CancellationToken, Task<long>> NextGeneration { get; init; }

    /// <summary>Silos of one name form one cluster. Default: <c>control</c>.</summary>
    public string Name { get; init; } = "control";

    /// <summary>Whether grains are placed on this silo; one without them only calls those of others. Default true.</summary>
    public bool HasGrains { get; init; } = true;

    /// <summary>How long a silo that says nothing counts as alive; 3 s pass on top before it is removed. Default 8 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Takes faults of the application's own types across; others arrive as their text.</summary>
    public IFaultCodec? Faults { get; init; }

    internal void Validate()
    {
        if (Name.Length is 0 or > 63) throw new OrleansConfigurationException("The cluster's name must have 1 to 63 characters.");
        if (!Certificate.HasPrivateKey) throw new OrleansConfigurationException("The cluster's certificate has no private key. Give every silo the same certificate with its key.");
        if (Listen.Address.Equals(IPAddress.Any) || Listen.Address.Equals(IPAddress.IPv6Any))
            throw new OrleansConfigurationException($"The silo listens on {Listen}, which is every address and so none where the others reach it. Give it the one that they do.");
        if (Lease < TimeSpan.FromSeconds(3)) throw new OrleansConfigurationException($"{nameof(ClusterOptions)}.{nameof(Lease)} must be 3 s or more: it is renewed every second.");
    }
}

/// <summary>Takes faults of the application's own types from silo to silo.</summary>
public interface IFaultCodec
{
    /// <summary>The fault as bytes; null when it is none of its types.</summary>
    byte[]? Write(Exception fault);

    /// <summary>The fault that was written; null when the bytes are none.</summary>
    Exception? Read(ReadOnlySpan<byte> bytes);
}
