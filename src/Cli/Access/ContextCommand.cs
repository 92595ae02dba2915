using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Configuration;
using Control.Cli.Output;

namespace Control.Cli.Access;

/// <summary><c>control context</c>.</summary>
internal static class ContextCommand
{
    public static Command Create(CommandFactory cli) =>
        CommandFactory.Group("context", "The servers you are logged in to.", List(cli), Use(cli));

    private static Command List(CommandFactory cli) => cli.Action("list", "List the contexts; the current one is marked.", [], (call, _) =>
    {
        var config = call.Config.Load();
        ContextInfo[] contexts = [.. config.Contexts.Select(entry => ContextInfo.Of(entry, config.Current))];
        call.Output.Local(contexts, Contexts().Render(contexts, call.Output.Color));
        return Task.FromResult(ExitCodes.Succeeded);
    });

    private static Command Use(CommandFactory cli)
    {
        var name = new Argument<string>("name") { Description = "The context, as 'control context list' shows it." };
        return cli.Action("use", "Make a context the current one.", [name], (call, _) =>
        {
            var config = call.Config.Load();
            var context = config.Find(call.Get(name)) ?? throw new UsageException($"There is no context '{Texts.Clean(call.Get(name))}'.");
            call.Config.Save(config with { Current = context.Name });
            call.Output.Note($"Now using {context.Name} ({context.Server})");
            return Task.FromResult(ExitCodes.Succeeded);
        });
    }

    private static Table<ContextInfo> Contexts() => new(
        ("CURRENT", info => info.Current ? "*" : ""),
        ("NAME", info => info.Name),
        ("SERVER", info => info.Server),
        ("WORKSPACE", info => info.Workspace),
        ("FINGERPRINT", info => info.Fingerprint is { Length: > 16 } hex ? hex[..16] : info.Fingerprint));

    /// <summary>A context as shown: never its token.</summary>
    private sealed record ContextInfo(string Name, string Server, string? Workspace, string? Fingerprint, bool Current)
    {
        public static ContextInfo Of(ContextEntry entry, string? current) =>
            new(entry.Name, entry.Server, entry.Workspace, entry.Fingerprint, entry.Name == current);
    }
}
