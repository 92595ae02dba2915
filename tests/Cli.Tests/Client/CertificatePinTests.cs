using Control.Cli.Client;
using Control.Contracts.Workspaces;
using Microsoft.AspNetCore.Builder;

namespace Control.Cli.Tests.Client;

public sealed class CertificatePinTests
{
    private int _requests;

    [Fact]
    public async Task Get_PinnedCertificate_IsAccepted()
    {
        await using var server = await StartAsync();
        var colons = string.Join(':', server.Fingerprint.ToUpperInvariant().Chunk(2).Select(pair => new string(pair)));
        using var client = server.Client(colons);

        await client.GetWorkspaceAsync("shop", CancellationToken.None);

        Assert.Equal(1, _requests);
    }

    [Fact]
    public async Task Get_OtherCertificateThanPinned_IsRefusedBeforeAnythingIsSent()
    {
        await using var server = await StartAsync();
        var other = new string('0', 64);
        using var client = server.Client(other);

        var e = await Assert.ThrowsAsync<UntrustedCertificateException>(() => client.GetWorkspaceAsync("shop", CancellationToken.None));

        Assert.Equal((server.Fingerprint, other), (e.Presented, e.Expected));
        Assert.Equal(0, _requests);
    }

    [Fact]
    public async Task Get_SelfMadeCertificateWithoutPin_IsRefusedWithItsFingerprint()
    {
        await using var server = await StartAsync();
        using var client = server.Client();

        var e = await Assert.ThrowsAsync<UntrustedCertificateException>(() => client.GetWorkspaceAsync("shop", CancellationToken.None));

        Assert.Equal(server.Fingerprint, e.Presented);
        Assert.Null(e.Expected);
        Assert.Equal(0, _requests);
    }

    private Task<FakeServer> StartAsync() => FakeServer.StartAsync(
        app => app.MapGet("/api/v1/workspaces/shop", () =>
        {
            _requests++;
            return FakeServer.Json(new WorkspaceView("shop", "", Samples.T0, Samples.Alice, 1));
        }),
        https: true);
}
