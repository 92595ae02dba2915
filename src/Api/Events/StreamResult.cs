using Control.Storage;
using Control.Storage.Signals;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Events;

/// <summary>
/// Runs a stream until it is told in full, its reader has gone, its token no longer holds, or the server stops.
/// </summary>
/// <param name="caller">Whose stream it is.</param>
/// <param name="subjects">Whose changes are news.</param>
/// <param name="sendNews">Sends what there is since last time; true when there will be nothing more.</param>
internal sealed class StreamResult(Caller caller, ImmutableArray<SubjectKey> subjects, Func<EventStream, CancellationToken, Task<bool>> sendNews) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var services = httpContext.RequestServices;
        using var slot = services.GetRequiredService<StreamSlots>().Take(caller, httpContext.RequestAborted);
        if (slot is null)
        {
            await new ProblemResult(StreamSlots.Full).ExecuteAsync(httpContext);
            return;
        }

        try
        {
            var heartbeat = services.GetRequiredService<IOptions<ApiOptions>>().Value.Heartbeat;
            using var pulse = new Pulse(services.GetRequiredService<ChangeSignal>(), services.GetRequiredService<TimeProvider>(), subjects.AsSpan());
            await RunAsync(new EventStream(httpContext.Response, services.GetRequiredService<ControlStore>().Incarnation), pulse, services.GetRequiredService<Credentials>(), heartbeat, slot.Ended);
        }
        catch (OperationCanceledException) when (slot.Ended.IsCancellationRequested)
        {
            // The reader resumes elsewhere from the last id it saw.
        }
    }

    private async Task RunAsync(EventStream stream, Pulse pulse, Credentials credentials, TimeSpan heartbeat, CancellationToken ended)
    {
        await stream.StartAsync(ended);
        while (!await sendNews(stream, ended))
        {
            var isNews = await pulse.WaitAsync(heartbeat, ended);

            // With every wake, not only the idle ones: a run that never falls silent must not keep a revoked token reading.
            if (!await credentials.HoldsAsync(caller, ended))
            {
                return;
            }

            if (!isNews)
            {
                await stream.BeatAsync(ended);
            }
        }
    }
}
