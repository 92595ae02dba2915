using Microsoft.Extensions.Hosting;

namespace Control.Cli.Hosting;

/// <summary>Leaves signals to whoever made the host: its own handler would stop parts of it in the wrong order.</summary>
internal sealed class CallersLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
