using System.CommandLine;

namespace Control.Cli.Completion;

/// <summary>A command as completion sees it.</summary>
/// <param name="Path">Its words after <c>control</c>; empty for the root.</param>
/// <param name="Commands">Its subcommands with what they do.</param>
/// <param name="Options">Its options with what they do, those of all commands included.</param>
/// <param name="Values">What its first argument names: a kind the hidden command lists; null for nothing it knows.</param>
internal sealed record CommandNode(
    string Path,
    IReadOnlyList<(string Name, string Description)> Commands,
    IReadOnlyList<(string Name, string Description, bool TakesValue)> Options,
    string? Values);

/// <summary>Flattens the command tree for the scripts.</summary>
internal static class CommandTree
{
    public static IEnumerable<CommandNode> Flatten(Command root) => Flatten(root, "", []);

    private static IEnumerable<CommandNode> Flatten(Command command, string path, IReadOnlyList<Option> inherited)
    {
        var visible = command.Subcommands.Where(child => !child.Hidden).ToList();
        List<Option> everywhere = [.. inherited, .. command.Options.Where(option => option.Recursive)];
        var options = command.Options.Concat(inherited).Where(option => !option.Hidden).Distinct();
        yield return new CommandNode(
            path,
            [.. visible.Select(child => (child.Name, child.Description ?? ""))],
            [.. options.SelectMany(Names)],
            Values(path, command));
        foreach (var child in visible)
        {
            foreach (var node in Flatten(child, path.Length == 0 ? child.Name : $"{path} {child.Name}", everywhere))
            {
                yield return node;
            }
        }
    }

    private static IEnumerable<(string, string, bool)> Names(Option option) =>
        option.Aliases.Prepend(option.Name)
            .Where(name => name.StartsWith('-'))
            .Distinct()
            .Select(name => (name, option.Description ?? "", option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0));

    private static string? Values(string path, Command command) => command.Arguments.FirstOrDefault()?.Name switch
    {
        "pipeline" => CompleteCommand.Pipelines,
        "name" when path.StartsWith("workspace ", StringComparison.Ordinal) && path != "workspace create" => CompleteCommand.Workspaces,
        "name" when path.StartsWith("context ", StringComparison.Ordinal) => CompleteCommand.Contexts,
        _ => null,
    };
}
