using System.Net.Sockets;
using Control.Contracts.Errors;
using StackExchange.Redis;

namespace Control.Silo.Hosting;

/// <summary>Says why a process could not join its cluster, in the same words whichever engine it has.</summary>
public static class StartFault
{
    /// <summary>What to tell instead of a fault of the engine's start.</summary>
    /// <returns><c>redis-away</c> or <c>cannot-listen</c>; null where the fault speaks for itself, or is one of this program.</returns>
    public static ControlException? Explain(Exception fault, SiloCluster cluster) => Causes(fault).Select(cause => cause switch
    {
        // Without its address: that may carry a password.
        RedisException or RedisTimeoutException => new ControlException(
            "redis-away", "Redis, where the silos of the cluster find each other, does not answer. Check its address and password, and that it runs, and start again."),
        // A gateway's own port is told of by the web server.
        SocketException socket when fault is not IOException => new ControlException(
            "cannot-listen", $"The silo cannot listen on {cluster.Listen}: {socket.Message}. Give it an address of this machine and a port that is free."),
        _ => null,
    }).FirstOrDefault(told => told is not null);

    private static IEnumerable<Exception> Causes(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException) yield return cause;
    }
}
