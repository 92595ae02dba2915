using System.Text.Json;
using Control.Contracts.Events;
using Control.Contracts.Runs;
using Control.Storage;
using Control.Storage.Queries.Events;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Events;

/// <summary>An event as REST shows it.</summary>
/// <param name="Sequence">From 1 within the run, without gaps.</param>
/// <param name="Type">Such as <c>run.changed</c>.</param>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="Data">The view it is about.</param>
internal sealed record EventMessage(long Sequence, string Type, DateTimeOffset At, Actor By, JsonElement Data)
{
    public static EventMessage Of(EventView view)
    {
        using var data = JsonDocument.Parse(view.Data.Length == 0 ? "{}" : view.Data);
        return new EventMessage(view.Sequence, view.Type, view.At, view.By, data.RootElement.Clone());
    }
}

/// <summary>A part of a run's history.</summary>
/// <param name="Items">In order.</param>
/// <param name="Next">Ask with <c>after</c> set to this for what follows.</param>
internal sealed record EventList(ImmutableArray<EventMessage> Items, string Next)
{
    public static EventList Of(EventPage page, long after, string incarnation)
    {
        var items = page.Events.Select(EventMessage.Of).ToImmutableArray();
        return new EventList(items, StreamPlace.Write(items.IsEmpty ? after : items[^1].Sequence, incarnation));
    }
}

/// <summary>The last event of a stream that was told in full.</summary>
/// <param name="State">The run's state.</param>
internal sealed record TimelineEnd(string State);

/// <summary>A run's events: history, then live. Sequences make sure that none is left out or told twice.</summary>
internal sealed class RunTimeline(EventReader events, SubjectQueries subjects, ControlStore store)
{
    private const int PageSize = 200;

    /// <summary>The run's state, in words as stored; null when there is no such run.</summary>
    public async Task<string?> StateAsync(RunId run, CancellationToken cancellationToken) =>
        (await subjects.GetAsync<RunView>(SubjectKinds.Run, run.ToString(), cancellationToken))?.State;

    /// <summary>Events after a sequence number, or the problem that they are no longer kept.</summary>
    /// <exception cref="ControlException"><c>store-restored</c>: there is no such number.</exception>
    public async Task<Results<Ok<EventList>, ProblemResult>> ReadAsync(RunId run, long after, int limit, CancellationToken cancellationToken)
    {
        var page = await events.ReadAsync(Subject(run), after, limit, cancellationToken);
        StreamPlace.RefuseBeyond(after, page.Newest);
        return IsGone(page, after) ? new ProblemResult(Gone(page)) : TypedResults.Ok(EventList.Of(page, after, store.Incarnation));
    }

    /// <summary>The stream of events after a sequence number, or the problem that they are no longer kept.</summary>
    /// <exception cref="ControlException"><c>store-restored</c>: there is no such number.</exception>
    public async Task<IResult> StreamAsync(RunId run, long after, Caller caller, CancellationToken cancellationToken)
    {
        var first = await events.ReadAsync(Subject(run), after, 1, cancellationToken);
        StreamPlace.RefuseBeyond(after, first.Newest);
        if (IsGone(first, after))
        {
            return new ProblemResult(Gone(first));
        }

        var last = after;
        return new StreamResult(caller, [Subject(run)], async (stream, ended) =>
        {
            // The state is read before the events: the commit that ended the run also wrote its last events.
            var state = await StateAsync(run, ended);
            if (await SendAsync(stream, run, last, ended) is not { } sent)
            {
                return true;
            }

            last = sent;
            if (IsFinal(state))
            {
                await stream.SendAsync("end", last, new TimelineEnd(state ?? "deleted"), ended);
            }

            return IsFinal(state);
        });
    }

    /// <summary>
    /// Sends what follows and gives the last number sent; null when retention overtook a slow reader, who comes back and is
    /// told so.
    /// </summary>
    private async Task<long?> SendAsync(EventStream stream, RunId run, long last, CancellationToken ended)
    {
        while (await events.ReadAsync(Subject(run), last, PageSize, ended) is { Events.IsEmpty: false } page)
        {
            if (IsGone(page, last))
            {
                return null;
            }

            foreach (var item in page.Events)
            {
                await stream.SendAsync(item.Type, item.Sequence, EventMessage.Of(item), ended);
                last = item.Sequence;
            }
        }

        return last;
    }

    private static bool IsFinal(string? state) => state is null
        || (Enum.TryParse<RunState>(state, ignoreCase: true, out var parsed) && parsed is RunState.Succeeded or RunState.Failed or RunState.Cancelled);

    private static bool IsGone(EventPage page, long after) => after < page.Floor - 1;

    private static Problem Gone(EventPage page) => Problem.Of(
        StatusCodes.Status410Gone,
        "events-gone",
        $"Events before number {page.Floor} are no longer kept. Read the run, then go on with after={page.Floor - 1}.") with
    {
        State = page.Floor.ToString(CultureInfo.InvariantCulture),
    };

    private static SubjectKey Subject(RunId run) => new(SubjectKinds.Run, run.ToString());
}
