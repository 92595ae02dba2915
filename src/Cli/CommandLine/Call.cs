using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.Configuration;
using Control.Cli.Output;
using Control.Contracts;

namespace Control.Cli.CommandLine;

/// <summary>One call of a command: its arguments, its output, and the server it concerns, opened when first needed.</summary>
internal sealed class Call : IDisposable
{
    private readonly ParseResult _parsed;
    private readonly GlobalOptions _globals;
    private Connection? _connection;
    private ControlClient? _client;

    public Call(ParseResult parsed, GlobalOptions globals, CliServices services)
    {
        _parsed = parsed;
        _globals = globals;
        Services = services;
        Config = ConfigFile.Locate(services.Environment);
        var color = services.Terminal.OutIsTerminal
            && !parsed.GetValue(globals.NoColor)
            && string.IsNullOrEmpty(services.Environment("NO_COLOR"));
        Output = new CommandOutput(services.Terminal, parsed.GetValue(globals.Format), color, parsed.GetValue(globals.Quiet));
    }

    public CliServices Services { get; }

    public CommandOutput Output { get; }

    public ConfigFile Config { get; }

    public DateTimeOffset Now => Services.Time.GetUtcNow();

    /// <summary>Value of <c>--context</c>.</summary>
    public string? ContextName => Get(_globals.Context);

    /// <summary>Value of <c>--workspace</c>.</summary>
    public string? WorkspaceOption => Get(_globals.Workspace);

    public Connection Connection => _connection ??= Choose();

    public ControlClient Client => _client ??= Connection.Open(Services.Time);

    /// <summary>The workspace that names without one are in.</summary>
    /// <exception cref="UsageException">None is named; the message names the cure.</exception>
    public string Workspace =>
        CheckedName("workspace", WorkspaceOption ?? Services.Environment("CONTROL_WORKSPACE") ?? Connection.Workspace
            ?? throw new UsageException("No workspace is named. Give -w NAME, set CONTROL_WORKSPACE, or choose one with 'control workspace use NAME'."));

    /// <summary>The whole command tree.</summary>
    public Command Root => _parsed.RootCommandResult.Command;

    public T? Get<T>(Option<T> option) => _parsed.GetValue(option);

    public T Get<T>(Argument<T> argument) => _parsed.GetValue(argument)!;

    /// <summary>A name, checked here so that the message is about the argument.</summary>
    public static string CheckedName(string what, string name) =>
        ResourceName.IsValid(name) ? name : throw new UsageException($"'{Texts.Clean(name)}' is not a {what} name: {ResourceName.Rule}.");

    public void Dispose() => _client?.Dispose();

    private Connection Choose()
    {
        if (Config.IsExposed)
        {
            Output.Note($"warning: others can read the tokens in {Config.Path}. Close it with: chmod 600 {Config.Path}");
        }

        return Connection.Choose(Config.Load(), ContextName, Get(_globals.Server), Services.Environment);
    }
}
