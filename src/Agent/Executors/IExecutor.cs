using Control.Agent.Jobs;
using Control.Agent.Logs;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Control.Engine.Logs;

namespace Control.Agent.Executors;

/// <summary>
/// Runs one attempt somewhere: as processes of this machine, in a container, in a pod. The job that owns it watches limits,
/// keeps the log and reports; the executor does the work. What every one has to keep to, and
/// <c>tests/Agent.Tests/Executors/ExecutorContract.cs</c> holds it to:
/// <list type="number">
/// <item>It is made without any effect. <see cref="RunAsync"/> comes once, then <see cref="EndAsync"/> once, however the run
/// ended, then <see cref="ReadOutputsAsync"/> at most once, then <see cref="RemoveAsync"/> once; never two at a time.</item>
/// <item>All output of the steps goes to the order's log, byte for byte, in the order in which it was written.</item>
/// <item>A job's failure is a result. An exception says that the agent could not do its part; its message is shown to people.</item>
/// <item>When <see cref="EndAsync"/> returns, nothing of the attempt runs, however it tried to get away, and nothing writes to
/// the log any more. It waits as long as that takes and cannot be cancelled.</item>
/// <item>An attempt cannot read or change what is the agent's or another attempt's.</item>
/// <item>Should the agent die, something that outlives it ends the attempt, or its next start does before it asks for work.</item>
/// </list>
/// </summary>
internal interface IExecutor
{
    /// <summary>
    /// Checks the sources out and runs the steps in order up to the first that fails. Cancelled, it throws at once and leaves
    /// what runs to <see cref="EndAsync"/>, as a success does with what it left in the background.
    /// </summary>
    /// <returns>How it went; outputs are not looked at yet.</returns>
    Task<JobResult> RunAsync(CancellationToken cancellationToken);

    /// <summary>Ends all that is left of the attempt.</summary>
    /// <param name="grace">How long it may clean up before it is killed.</param>
    /// <returns>What was still there and how it ended; zeros when that is not known.</returns>
    Task<CleanupView> EndAsync(TimeSpan grace);

    /// <summary>What the steps wrote to <c>$CONTROL_OUTPUT</c>, up to a number of bytes; null when there is no such file any more.</summary>
    Task<byte[]?> ReadOutputsAsync(int limit);

    /// <summary>Removes the attempt's files.</summary>
    Task RemoveAsync();
}

/// <summary>What an executor is to run.</summary>
/// <param name="Message">The assignment and its secrets, all of them there.</param>
/// <param name="Number">Unique in this boot.</param>
/// <param name="Log">Takes the output.</param>
/// <param name="Secrets">What must not be shown.</param>
internal sealed record JobOrder(AssignmentMessage Message, long Number, JobLog Log, SecretSet Secrets)
{
    /// <summary>The assignment.</summary>
    public Assignment Assignment => Message.Assignment;

    /// <summary>The secrets that are given as files, by the variables that hold their paths, which name the files too.</summary>
    public IEnumerable<(string Name, string Value)> SecretFiles =>
        Assignment.Secrets.Where(secret => secret.File).Select(secret => (secret.Name, Message.SecretValues[secret.Name]));

    /// <summary>The lease, which names the attempt's folder.</summary>
    public LeaseRef Lease => new(Assignment.Attempt, Assignment.Lease);
}
