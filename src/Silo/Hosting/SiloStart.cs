using System.Net.Sockets;
using Control.Contracts.Errors;
using StackExchange.Redis;

namespace Control.Silo.Hosting;

/// <summary>Says why a process cannot join its cluster, in the same words whichever engine it has.</summary>
public static class SiloStart
{
    /// <summary>
    /// Asks whether the silo's address is free, to be called before it starts: Orleans takes a silo that runs there for its own
    /// earlier life and declares it dead.
    /// </summary>
    /// <exception cref="ControlException"><c>cannot-listen</c>: it is not, or is none of this machine.</exception>
    public static void CheckAddress(SiloCluster cluster)
    {
        try
        {
            using var socket = new Socket(cluster.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(cluster.Listen);
            socket.Listen();
        }
        catch (SocketException fault)
        {
            throw CannotListen(cluster, fault);
        }
    }

    /// <summary>What to tell instead of a fault of the engine's start.</summary>
    /// <returns><c>redis-away</c> or <c>cannot-listen</c>; null where the fault speaks for itself, or is one of this program.</returns>
    public static ControlException? Explain(Exception fault, SiloCluster cluster) => Causes(fault).Select(cause => cause switch
    {
        // Without its address: that may carry a password.
        RedisException or RedisTimeoutException => new ControlException(
            "redis-away", "Redis, where the silos of the cluster find each other, does not answer. Check its address and password, and that it runs, and start again."),
        // A gateway's own port is told of by the web server.
        SocketException socket when fault is not IOException => CannotListen(cluster, socket),
        _ => null,
    }).FirstOrDefault(told => told is not null);

    private static ControlException CannotListen(SiloCluster cluster, SocketException fault) => new(
        "cannot-listen", $"The silo cannot listen on {cluster.Listen}: {fault.Message}. Give it an address of this machine and a port that is free.");

    private static IEnumerable<Exception> Causes(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException) yield return cause;
    }
}
