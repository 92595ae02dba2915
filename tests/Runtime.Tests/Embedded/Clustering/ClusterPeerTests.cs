using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Control.Runtime.Clustering;
using Control.Runtime.Codecs;
using Control.Runtime.Tests.Grains;
using Control.TestKit.Silos;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Embedded.Clustering;

/// <summary>Whoever is not of the cluster gets nowhere, and does no harm.</summary>
public sealed class ClusterPeerTests : ClusterTest
{
    [Fact]
    public async Task Start_EndpointTaken_SaysSo()
    {
        var first = await StartAsync();
        var taken = IPEndPoint.Parse(ClusterOf(first).Self.Endpoint);
        var fault = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(TestSilos.Cluster(Redis, Certificate) with { Listen = taken }));
        Assert.Contains("port that is free", fault.Message, StringComparison.Ordinal);
        Assert.Single(ClusterOf(first).View.Members);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public async Task Start_AtEveryAddress_IsRefusedAsNobodyReachesIt(string address)
    {
        var cluster = TestSilos.Cluster(Redis, Certificate) with { Listen = new IPEndPoint(IPAddress.Parse(address), RedisServer.FreePort()) };
        var fault = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(cluster));
        Assert.Contains("every address", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_RedisAway_SaysSoWithoutItsAddress()
    {
        var cluster = TestSilos.Cluster(Redis, Certificate) with { Redis = $"127.0.0.1:{RedisServer.FreePort()},password=geheim,connectRetry=1" };
        var fault = await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(cluster));
        Assert.Contains("Redis", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clusters_OfTwoNamesOnOneRedis_DoNotSeeEachOther()
    {
        var one = await StartAsync();
        var other = await StartAsync(TestSilos.Cluster(Redis, Certificate) with { Name = "other" });
        Assert.Single(ClusterOf(one).View.Members);
        Assert.Single(ClusterOf(other).View.Members);
    }

    [Fact]
    public async Task Peer_WithoutTheCertificate_IsRefused()
    {
        var silo = await StartAsync();
        using var stranger = TestSilos.Certificate();
        foreach (var tls in (MutualTls[])[new MutualTls(stranger)])
        {
            using var socket = await DialAsync(silo);
            // With TLS 1.3 the client may find out with its first read only.
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await using var stream = await tls.DialAsync(socket, default);
                await HelloAsync(stream, new Hello("control", new SiloId("127.0.0.1:1", 9), ClusterOf(silo).Self));
            });
        }

        await StaysAsync(silo);
    }

    [Fact]
    public async Task Peer_WithNoCertificateAtAll_IsRefused()
    {
        var silo = await StartAsync();
        using var socket = await DialAsync(silo);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var stream = new SslStream(new NetworkStream(socket), false, (_, _, _, _) => true);
            await stream.AuthenticateAsClientAsync("control");
            await HelloAsync(stream, new Hello("control", new SiloId("127.0.0.1:1", 9), ClusterOf(silo).Self));
        });
        await StaysAsync(silo);
    }

    [Fact]
    public async Task Peer_SendsGarbage_IsCutOff()
    {
        var silo = await StartAsync();
        using var socket = await DialAsync(silo);
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: silo\r\n\r\n"u8.ToArray());
        Assert.True(await EndsAsync(new NetworkStream(socket)));
        await StaysAsync(silo);
    }

    [Theory]
    [InlineData("other", "", "not of 'other'")]
    [InlineData("control", "127.0.0.1:1", "is gone")]
    public async Task Peer_OfAnotherClusterOrForAnotherSilo_IsToldWhy(string cluster, string to, string refusal)
    {
        var silo = await StartAsync();
        await using var stream = await OpenAsync(silo);
        var answer = await HelloAsync(stream, new Hello(cluster, new SiloId("127.0.0.1:1", 9), to.Length == 0 ? ClusterOf(silo).Self : new SiloId(to, 1)));
        Assert.Contains(refusal, answer.Refusal, StringComparison.Ordinal);
        Assert.True(await EndsAsync(stream));
    }

    [Fact]
    public async Task Peer_OutOfTheView_IsToldSo()
    {
        var silo = await StartAsync();
        await using var stream = await OpenAsync(silo);
        var answer = await HelloAsync(stream, new Hello("control", new SiloId("127.0.0.1:1", 9), ClusterOf(silo).Self));
        Assert.Equal((Hello.NoMember, ClusterOf(silo).View.Version), (answer.Refusal, answer.Version));
        Assert.True(await EndsAsync(stream));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 2 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 99, 0 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 3, 0 })]
    [InlineData(new byte[] { 2, 0, 0, 0, 2, 0xFF, 0xFF })]
    [InlineData(new byte[] { 3, 0, 0, 0, 5, 1, 0xFF, 0x7F })]
    public async Task Peer_SendsFramesThatAreNone_IsCutOffAndOthersAreServed(byte[] bytes)
    {
        var silo = await StartAsync();
        var peer = await EnterAsync();
        await using var stream = await OpenAsync(silo);
        Assert.Empty((await HelloAsync(stream, new Hello("control", peer, ClusterOf(silo).Self))).Refusal);
        await stream.WriteAsync(bytes);
        Assert.True(await EndsAsync(stream));
        await StaysAsync(silo);
    }

    [Fact]
    public async Task Peer_CallsWhatThisVersionDoesNotKnow_GetsAFault()
    {
        var silo = await StartAsync();
        var peer = await EnterAsync();
        await using var stream = await OpenAsync(silo);
        await HelloAsync(stream, new Hello("control", peer, ClusterOf(silo).Self));
        var writer = new WireWriter();
        foreach (var number in (ulong[])[7, 1, 0, 0, 1000]) writer.WriteVarint(number);
        writer.WriteString("call");
        writer.WriteString("one");
        writer.WriteFixed64(123);
        await FrameStream.SendOneAsync(stream, FrameKind.Request, writer.Written.ToArray(), default);
        var answer = await FrameStream.ReadOneAsync(stream, FrameKind.Answer, 4096, default);
        Assert.Equal([7, (byte)AnswerKind.Fault], answer[..2]);
    }

    private static async Task StaysAsync(TestSilo silo) => Assert.Equal(2, await silo.Grains.GetGrain<ICallGrain>("one").Double(1));

    private static async Task<Socket> DialAsync(TestSilo silo)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(ClusterOf(silo).Self.Endpoint));
        return socket;
    }

    // A member of the view, though no silo.
    private async Task<SiloId> EnterAsync()
    {
        var peer = new SiloId("127.0.0.1:1", 9);
        await using var table = await MembershipTable.OpenAsync(new ClusterOptions
        {
            Redis = Redis.Address,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Certificate = Certificate,
            NextGeneration = (_, _) => Task.FromResult(1L),
        });
        while (true)
        {
            var (view, raw) = await table.ReadAsync();
            if (await table.TryReplaceAsync(raw, view!.With(new SiloMember(peer, IsLeaving: false, IsGuest: true)))) return peer;
        }
    }

    private async Task<SslStream> OpenAsync(TestSilo silo) => await new MutualTls(Certificate).DialAsync(await DialAsync(silo), default);

    private static async Task<Hello> HelloAsync(Stream stream, Hello hello)
    {
        await FrameStream.SendOneAsync(stream, FrameKind.Hello, hello.ToBytes(), default);
        return Hello.Parse(await FrameStream.ReadOneAsync(stream, FrameKind.Hello, Hello.MaxLength, default));
    }

    private static async Task<bool> EndsAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            return await stream.ReadAsync(new byte[1], limit.Token) == 0;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return true;
        }
    }
}
