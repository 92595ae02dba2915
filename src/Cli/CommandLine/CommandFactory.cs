using System.CommandLine;

namespace Control.Cli.CommandLine;

/// <summary>Makes commands whose actions get a <see cref="Call"/> and whose failures end as one message and an exit code.</summary>
internal sealed class CommandFactory(CliServices services, GlobalOptions globals)
{
    public CliServices Services => services;

    /// <summary>A command that does something.</summary>
    /// <param name="name">The verb.</param>
    /// <param name="description">For the help.</param>
    /// <param name="symbols">Its arguments and options.</param>
    /// <param name="action">What it does.</param>
    /// <param name="stopsItself">It looks after Ctrl-C and SIGTERM on its own, for as long as that takes.</param>
    public Command Action(
        string name, string description, IEnumerable<Symbol> symbols, Func<Call, CancellationToken, Task<int>> action, bool stopsItself = false)
    {
        var command = stopsItself ? new SelfStoppingCommand(name, description) : new Command(name, description);
        foreach (var symbol in symbols)
        {
            Add(command, symbol);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, action, cancellationToken));
        return command;
    }

    /// <summary>A noun with its verbs.</summary>
    public static Command Group(string name, string description, params IEnumerable<Command> commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        return group;
    }

    private static void Add(Command command, Symbol symbol)
    {
        if (symbol is Argument argument)
        {
            command.Add(argument);
        }
        else
        {
            command.Add((Option)symbol);
        }
    }

    private async Task<int> RunAsync(
        ParseResult parsed, Func<Call, CancellationToken, Task<int>> action, CancellationToken cancellationToken)
    {
        using var call = new Call(parsed, globals, services);
        try
        {
            return await action(call, cancellationToken);
        }
        catch (Exception e) when (Failures.Explains(e, cancellationToken))
        {
            return Failures.Report(call.Output, e, parsed.GetValue(globals.Verbose));
        }
    }
}
