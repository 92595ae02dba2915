using Control.Storage;
using Control.Storage.Commits;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Control.Silo.Hosting;

/// <summary>
/// Numbers the lives of silos in the store, where nothing is forgotten: a row whose version every silo that starts raises by
/// one.
/// </summary>
internal static class Generations
{
    private static readonly SubjectKey Subject = new("cluster", "generation");
    private static readonly SubjectIndex Index = new("", "", 0, "", Terminal: true, Deleted: false, "{}", null, null);

    /// <summary>A number greater than all before.</summary>
    public static async Task<long> NextAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var store = services.GetRequiredService<CommitStore>();
        while (true)
        {
            var version = (await store.LoadAsync(Subject, cancellationToken))?.Version ?? 0;
            try
            {
                return (await store.CommitAsync(new Commit { Subject = Subject, ExpectedVersion = version, Document = "{}", Index = Index })).Version;
            }
            catch (InconsistentStateException)
            {
                // Another silo starts at the same moment, and has that number.
            }
        }
    }
}
