using Control.Contracts.Runtime;
using Control.Storage;
using Control.Storage.Queries;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Runtime;

/// <summary>Reads what all silos tell that live, as far as is known.</summary>
internal sealed class LiveSilos(SubjectQueries subjects)
{
    // Far more than any cluster has; only a store that somebody filled by hand has more rows.
    private const int Max = 1000;

    private static readonly SubjectFilter Living = new(SubjectKinds.Silo, States: ["active", "leaving"]);

    public async Task<ImmutableArray<SiloView>> ReadAsync(CancellationToken cancellationToken)
    {
        var silos = ImmutableArray.CreateBuilder<SiloView>();
        string? cursor = null;
        do
        {
            var page = await subjects.ListAsync<SiloView>(Living, cursor, PageLimits.Max, newestFirst: true, cancellationToken);
            silos.AddRange(page.Items.Select(row => row.View));
            cursor = page.NextCursor;
        }
        while (cursor is not null && silos.Count < Max);

        return silos.ToImmutable();
    }
}
