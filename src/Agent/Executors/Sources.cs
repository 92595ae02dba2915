using Control.Agent.Jobs;
using Control.Agent.Processes;

namespace Control.Agent.Executors;

/// <summary>Gets a job its sources: the pinned commit from its repository or, for a run on a developer's machine, that one's own files.</summary>
internal static class Sources
{
    /// <summary>The folder to work in that is there already; null when the attempt gets one of its own.</summary>
    public static string? FolderOf(JobOrder order, JobTools tools) =>
        order.Assignment.Checkout is not null && tools.Local is { IsInPlace: true, Folder: var folder } ? folder : null;

    /// <summary>Null when the files are there, or none are wanted; otherwise why not.</summary>
    public static async Task<JobResult?> PutAsync(JobOrder order, JobTools tools, WorkFolder folder, JobProcesses processes, CancellationToken cancellationToken) =>
        (order.Assignment.Checkout, tools.Local) switch
        {
            (null, _) => null,
            ({ } source, null) => await new Checkout(source, order, folder, processes).RunAsync(cancellationToken).ConfigureAwait(false),
            (_, { } local) => await local.PutAsync(order, folder, processes, cancellationToken).ConfigureAwait(false),
        };
}
