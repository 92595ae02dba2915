using System.CommandLine;
using Control.Cli.Client;

namespace Control.Cli.CommandLine;

/// <summary>Options of commands that list.</summary>
internal sealed class PageOptions
{
    public Option<int?> Limit { get; } = new("--limit") { Description = "Entries per page, 1 to 200.", HelpName = "n" };

    public Option<string?> Cursor { get; } = new("--cursor") { Description = "Goes on where a page ended.", HelpName = "cursor" };

    public PageQuery Query(Call call, string? state = null) => call.Get(Limit) is var limit and not (< 1 or > 200)
        ? new PageQuery(state, call.Get(Cursor), limit)
        : throw new UsageException("--limit must be from 1 to 200.");
}
