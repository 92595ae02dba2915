using System.Collections.Concurrent;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Agents;

/// <summary>
/// Whether an agent holds an attempt, from the committed rows. A yes is believed for two seconds, so that a busy log costs
/// few queries; a lease taken away meanwhile at worst lets two seconds of log in.
/// </summary>
internal sealed class Leases(SubjectQueries subjects, TimeProvider time)
{
    private const int MaxEntries = 10_000;

    private static readonly TimeSpan BelievedFor = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<(AgentId Agent, LeaseRef Lease), DateTimeOffset> _held = new();

    /// <summary>The attempt is or was last given to this agent under this lease, and was not taken away as lost.</summary>
    public async ValueTask<bool> HoldsAsync(AgentId agent, LeaseRef lease, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_held.TryGetValue((agent, lease), out var until) && until > now)
        {
            return true;
        }

        if (await HeadAsync(lease.Attempt, cancellationToken) is not { } head
            || head.Holder != agent.Value || head.Fence != lease.Lease || head.State == "lost")
        {
            return false;
        }

        if (_held.Count >= MaxEntries)
        {
            _held.Clear();
        }

        _held[(agent, lease)] = now + BelievedFor;
        return true;
    }

    /// <summary>The attempt exists and is this agent's; the run itself checks the lease.</summary>
    public async Task<bool> AreOfAsync(AgentId agent, AttemptId attempt, CancellationToken cancellationToken) =>
        (await HeadAsync(attempt, cancellationToken))?.Holder == agent.Value;

    /// <summary>The lease does not hold.</summary>
    public static Problem Stale(int status) => Problem.Of(
        status, "stale-lease", "The lease does not hold any more. End the attempt's processes and forget it.");

    /// <summary>
    /// A refused report: wrong and over-limit ones as such, all others mean that the agent must forget the attempt.
    /// </summary>
    public static Problem Refused(Refusal refusal) => refusal.Kind is RefusalKind.BadRequest or RefusalKind.LimitReached
        ? Problem.Of(refusal)
        : Problem.Of(StatusCodes.Status409Conflict, refusal.Code, refusal.Message) with { State = refusal.State };

    private Task<ChildHead?> HeadAsync(AttemptId attempt, CancellationToken cancellationToken) =>
        subjects.GetChildAsync(new SubjectKey(SubjectKinds.Run, attempt.Run.ToString()), attempt.LocalKey, cancellationToken);
}
