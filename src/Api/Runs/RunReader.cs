using Control.Api.Events;
using Control.Contracts.Runs;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Control.Storage.Signals;

namespace Control.Api.Runs;

/// <summary>Commands to runs, and their views as committed.</summary>
internal sealed class RunReader(SubjectQueries subjects, ChangeSignal signal, IGrainFactory grains, TimeProvider time)
{
    /// <summary>How long a started run may take to be made; its number is committed already.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The run, once its first commit is there.</summary>
    /// <exception cref="TimeoutException">It is not, after 10 s; it will be, as its number is given.</exception>
    public async Task<RunView> AwaitAsync(RunId id, CancellationToken cancellationToken)
    {
        using var pulse = new Pulse(signal, time, new SubjectKey(SubjectKinds.Run, id.ToString()));
        var deadline = time.GetUtcNow() + Patience;
        while (true)
        {
            if (await FindAsync(id, cancellationToken) is { } view)
            {
                return view;
            }

            if (time.GetUtcNow() >= deadline)
            {
                throw new TimeoutException($"Run {id} is numbered but not made yet.");
            }

            await pulse.WaitAsync(Patience, cancellationToken);
        }
    }

    /// <summary>Gives a command to a run that exists; others are not woken for it.</summary>
    public async Task<Results<Ok<RunView>, ProblemResult>> CommandAsync(RunId id, Func<IRunGrain, Task<Outcome<RunView>>> command)
    {
        if (await FindAsync(id, CancellationToken.None) is null)
        {
            return new ProblemResult(Problem.NotFound($"Run {id}"));
        }

        return (await command(grains.GetGrain<IRunGrain>(id.ToString()))).To(view => TypedResults.Ok(view));
    }

    /// <summary>Deletes a run that exists and has ended.</summary>
    public async Task<Results<NoContent, ProblemResult>> DeleteAsync(RunId id, Actor by)
    {
        if (await FindAsync(id, CancellationToken.None) is null)
        {
            return new ProblemResult(Problem.NotFound($"Run {id}"));
        }

        return (await grains.GetGrain<IRunGrain>(id.ToString()).Delete(by)).To(_ => TypedResults.NoContent());
    }

    private async Task<RunView?> FindAsync(RunId id, CancellationToken cancellationToken) =>
        (await subjects.GetAsync<RunView>(SubjectKinds.Run, id.ToString(), cancellationToken))?.View;
}
