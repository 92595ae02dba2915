using System.CommandLine;
using System.CommandLine.Invocation;
using Control.Cli.Output;

namespace Control.Cli.CommandLine;

/// <summary>Puts the command tree together and runs one command line.</summary>
internal static class CommandRunner
{
    public static RootCommand Root(GlobalOptions globals, params IEnumerable<Command> commands)
    {
        var root = new RootCommand("Control: pipelines that build and release software.");
        root.Directives.Clear(); // words in brackets are arguments like others
        foreach (var option in globals.All)
        {
            root.Add(option);
        }

        foreach (var command in commands)
        {
            root.Add(command);
        }

        return root;
    }

    public static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> arguments, CliServices services)
    {
        // An argument that begins with @ is no file to read arguments from: comments and values may begin so.
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
        {
            return ReportUsage(parsed, services);
        }

        await using var output = new StreamWriter(services.Terminal.Out, leaveOpen: true) { AutoFlush = true };
        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            // A server or agent that is told to stop gives jobs 5 s to clean up and their last reports and logs 10 s to arrive.
            ProcessTerminationTimeout = parsed.CommandResult.Command is SelfStoppingCommand ? null : TimeSpan.FromSeconds(30),
            Output = output,
            Error = services.Terminal.Error,
        });
    }

    private static int ReportUsage(ParseResult parsed, CliServices services)
    {
        foreach (var error in parsed.Errors)
        {
            services.Terminal.Error.WriteLine($"error: {Texts.Clean(error.Message)}");
        }

        services.Terminal.Error.WriteLine($"See '{Words(parsed.CommandResult)} --help'.");
        return ExitCodes.Usage;
    }

    private static string Words(System.CommandLine.Parsing.CommandResult command) =>
        command.Parent is System.CommandLine.Parsing.CommandResult parent ? $"{Words(parent)} {command.Command.Name}" : "control";
}
