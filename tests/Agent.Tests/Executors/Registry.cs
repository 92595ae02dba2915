using System.Diagnostics;
using System.Net;
using System.Text;
using Control.Agent.Executors.Containers;
using Control.TestKit.Containers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Tests.Executors;

/// <summary>A registry on loopback with the test image alone, for those who know the password.</summary>
internal sealed class Registry(ContainerEngine engine) : IAsyncDisposable
{
    private const string Path = "team/builder";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-registry-");
    private readonly string? _settings = Environment.GetEnvironmentVariable(Settings);
    private WebApplication? _app;

    private const string Settings = "CONTAINERS_REGISTRIES_CONF";

    public string Image => $"{new Uri(_app!.Urls.First()).Authority}/{Path}:1";

    public static async Task<Registry> StartAsync(ContainerEngine engine, string user, string password)
    {
        var registry = new Registry(engine);
        var files = registry._folder.FullName;
        using (var push = Process.Start(new ProcessStartInfo("podman", ["push", "--quiet", "--format", "v2s2", BusyboxImage.Name, $"dir:{files}"]))!)
        {
            await push.WaitForExitAsync();
            Assert.Equal(0, push.ExitCode);
        }

        registry._app = Serve(files, "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        await registry._app.StartAsync();
        var settings = System.IO.Path.Combine(files, "registries.conf");
        File.WriteAllText(settings, $"[[registry]]\nlocation = \"{new Uri(registry._app.Urls.First()).Authority}\"\ninsecure = true\n");
        if (engine.IsPodman)
        {
            // Docker trusts loopback by itself.
            Environment.SetEnvironmentVariable(Settings, settings);
        }

        return registry;
    }

    public async ValueTask DisposeAsync()
    {
        if (engine.IsPodman)
        {
            Environment.SetEnvironmentVariable(Settings, _settings);
        }

        await engine.CallAsync("rmi", "--force", Image);
        await _app!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static WebApplication Serve(string files, string authorization)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Use((context, next) =>
        {
            if (context.Request.Headers.Authorization == authorization)
            {
                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"registry\"";
            return Task.CompletedTask;
        });
        app.MapGet("/v2/", () => TypedResults.Ok());
        app.MapMethods($"/v2/{Path}/manifests/{{reference}}", ["GET", "HEAD"], () =>
            Results.File(System.IO.Path.Combine(files, "manifest.json"), "application/vnd.docker.distribution.manifest.v2+json"));
        app.MapGet($"/v2/{Path}/blobs/sha256:{{digest}}", (string digest) => Results.File(System.IO.Path.Combine(files, System.IO.Path.GetFileName(digest)), "application/octet-stream"));
        return app;
    }
}
