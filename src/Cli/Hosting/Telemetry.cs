using Control.Grains;
using Control.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Control.Cli.Hosting;

/// <summary>
/// Traces by OTLP. On when the standard variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> (or its traces form) is set; all the
/// other standard variables are heeded by the exporter.
/// </summary>
internal static class Telemetry
{
    private static readonly string[] Endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    public static IServiceCollection AddTelemetry(this IServiceCollection services) =>
        Endpoints.Any(name => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
            ? services.AddHostedService<TraceExport>()
            : services;

    private sealed class TraceExport : IHostedService
    {
        private TracerProvider? _provider;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _provider = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(resource => resource.AddService("control"))
                .AddSource([GrainServices.RunTelemetryName, "Microsoft.AspNetCore", .. SiloHost.TraceSources])
                .AddOtlpExporter()
                .Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            // Flushes what is still to be sent.
            _provider?.Dispose();
            return Task.CompletedTask;
        }
    }
}
