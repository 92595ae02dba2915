using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Control.Grains;
using Control.Silo.Statistics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Serialization;
using StackExchange.Redis;

namespace Control.Silo.Hosting;

// The seam: what differs between the engines when a silo is hosted. GrainRuntime.Embedded.cs has the same members.
internal static class GrainRuntime
{
    /// <summary>The engine's name, as the build is told it.</summary>
    public const string Name = "Orleans";

    /// <summary>Sources of the engine's own spans: calls between grains.</summary>
    public static readonly string[] TraceSources = ["Microsoft.Orleans.Application"];

    /// <summary>Adds Microsoft Orleans: alone, or as a silo of a cluster.</summary>
    public static IServiceCollection AddGrainEngine(this IServiceCollection services, SiloCluster? cluster)
    {
        if (cluster is not null) services.AddSingleton(cluster).AddHostedService<SignalRelay>().AddHostedService<MembershipKeeper>();
        return services.AddHostedService<ActivationGauge>().AddOrleans(silo => silo
            .AddBareEngine(cluster)
            .AddActivityPropagation()
            .AddDashboard(options => options.HideTrace = true));
    }

    /// <summary>The engine without what looks into it.</summary>
    public static ISiloBuilder AddBareEngine(this ISiloBuilder silo, SiloCluster? cluster)
    {
        silo.Services.AddLogging(Quieten);
        silo.Configure<ClusterOptions>(options => options.ServiceId = options.ClusterId = cluster?.Name ?? "control");
        silo.Behave();
        if (cluster is null)
        {
            silo.StayAlone();
        }
        else
        {
            silo.Join(cluster);
        }

        return silo;
    }

    /// <summary>Maps the Orleans Dashboard below <paramref name="prefix"/>. Who may see it is for the host to say.</summary>
    public static IEndpointConventionBuilder? MapGrainDashboard(this IEndpointRouteBuilder app, string prefix) => app.MapOrleansDashboard(prefix);

    /// <summary>What grains see of the engine, said explicitly and as the embedded runtime has it, whatever Orleans' defaults become.</summary>
    public static ISiloBuilder Behave(this ISiloBuilder silo) => silo
        .ConfigureServices(services => services.AddSingleton<IConfigureGrainContextProvider, ActivationPause>().PassFaults())
        .Configure<SiloMessagingOptions>(options =>
        {
            options.ResponseTimeout = TimeSpan.FromSeconds(30);
            // A question from silo to silo that got lost, such as where a grain is, is asked again well before the whole
            // placement is over; with Orleans' own 30 s for both it never would be.
            options.SystemResponseTimeout = TimeSpan.FromSeconds(5);
            // Who cancels or times out is answered at once; the callee is told, and goes on unless it looks.
            options.WaitForCancellationAcknowledgement = false;
            options.CancelRequestOnTimeout = true;
            options.CancelUnknownRequestOnStatusUpdate = true;
            options.MaxEnqueuedRequestsHardLimit = 10_000;
            // A request whose grain ends goes to the next activation, and to the one after that: none is lost to bad luck.
            options.MaxForwardCount = 32;
        })
        .Configure<GrainCollectionOptions>(options =>
        {
            options.CollectionAge = TimeSpan.FromMinutes(15);
            options.ActivationTimeout = TimeSpan.FromSeconds(30);
            options.DeactivationTimeout = TimeSpan.FromSeconds(30);
        });

    /// <summary>Lets faults of our own types cross between silos and clients with their type and text; unnamed ones arrive as a failure to read them.</summary>
    public static IServiceCollection PassFaults(this IServiceCollection services) =>
        services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add("Control"));

    // Advice on the garbage collector at every start, and a watchdog that measures from the machine's boot: nothing to act on.
    private static void Quieten(ILoggingBuilder log) =>
        log.AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);

    // One silo has nobody to listen to: no port is opened, so nobody on the machine can reach grains past the gateway, and
    // any number of servers run side by side. The address only names the silo.
    private static void StayAlone(this ISiloBuilder silo)
    {
        silo.UseLocalhostClustering();
        silo.Configure<EndpointOptions>(options => options.GatewayPort = 0);
        silo.Configure<ClusterMembershipOptions>(options => options.LivenessEnabled = false);
        foreach (var listeners in silo.Services.Where(service => service.ServiceType == typeof(IConnectionListenerFactory) && service.IsKeyedService).ToList())
        {
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory, ClosedListener>(listeners.ServiceKey);
        }
    }

    private static void Join(this ISiloBuilder silo, SiloCluster cluster)
    {
        silo.UseRedisClustering(options =>
        {
            options.ConfigurationOptions = ConfigurationOptions.Parse(cluster.Redis);
            options.CreateRedisKey = _ => MembershipKeeper.Key(cluster.Name);
        });
        silo.Configure<EndpointOptions>(options =>
        {
            options.AdvertisedIPAddress = cluster.Listen.Address;
            options.SiloPort = cluster.Listen.Port;
            options.SiloListeningEndpoint = cluster.Listen;
            options.GatewayPort = 0;
        });
        silo.Configure<ClusterMembershipOptions>(NoticeTheDead);
        if (!cluster.HasGrains) silo.Configure<GrainTypeOptions>(LeaveOutOurs);
        // Evenly over all silos, wherever the first call comes from.
        silo.Services.AddSingleton<PlacementStrategy, RandomPlacement>();
        silo.UseTls(cluster.Certificate, tls => Trust(tls, cluster.Certificate));
    }

    // Orleans places a grain on silos that have its class: this one calls ours and has none of them.
    private static void LeaveOutOurs(GrainTypeOptions options) => options.Classes.RemoveWhere(one => one.Assembly == typeof(GrainServices).Assembly);

    // A silo that misses two probes of a second is declared dead. Two must say so where there are more than two, and a
    // silo that is itself slow gives the others more time.
    private static void NoticeTheDead(ClusterMembershipOptions options)
    {
        options.ProbeTimeout = TimeSpan.FromSeconds(1);
        options.NumMissedProbesLimit = 2;
        options.NumVotesForDeathDeclaration = 2;
        options.ExtendProbeTimeoutDuringDegradation = true;
        options.EnableIndirectProbes = true;
        options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        options.DefunctSiloExpiration = TimeSpan.FromDays(1);
    }

    private static void Trust(TlsOptions tls, X509Certificate2 certificate)
    {
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (peer, _, _) => CryptographicOperations.FixedTimeEquals(peer.RawData, certificate.RawData);
        // The name means nothing, the certificate everything; TLS wants one.
        tls.OnAuthenticateAsClient = (_, options) => options.TargetHost = "control";
    }

    /// <summary>Listens to nobody.</summary>
    private sealed class ClosedListener : IConnectionListenerFactory, IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.Loopback, 0);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            EndPoint = endpoint;
            return ValueTask.FromResult<IConnectionListener>(this);
        }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _ended.Task.WaitAsync(cancellationToken);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _ended.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
