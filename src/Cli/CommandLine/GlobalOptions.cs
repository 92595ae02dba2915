using System.CommandLine;
using Control.Cli.Output;

namespace Control.Cli.CommandLine;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    public Option<OutputFormat> Format { get; } = Everywhere(new Option<OutputFormat>("--output", "-o")
    {
        Description = "How results are written: table, json or yaml.",
    }.OneOf());

    public Option<string?> Server { get; } = Everywhere(new Option<string?>("--server")
    {
        Description = "Address of the server, instead of the context's. [CONTROL_SERVER]",
        HelpName = "address",
    });

    public Option<string?> Context { get; } = Everywhere(new Option<string?>("--context")
    {
        Description = "The context to use, instead of the current one.",
        HelpName = "name",
    });

    public Option<string?> Workspace { get; } = Everywhere(new Option<string?>("--workspace", "-w")
    {
        Description = "The workspace, instead of the context's. [CONTROL_WORKSPACE]",
        HelpName = "name",
    });

    public Option<bool> NoColor { get; } = Everywhere(new Option<bool>("--no-color")
    {
        Description = "No colours; also when NO_COLOR is set or the output is no terminal.",
    });

    public Option<bool> Quiet { get; } = Everywhere(new Option<bool>("--quiet", "-q")
    {
        Description = "No remarks, only results and errors.",
    });

    public Option<bool> Verbose { get; } = Everywhere(new Option<bool>("--verbose")
    {
        Description = "Errors with their code, request and trace id.",
    });

    public IEnumerable<Option> All => [Format, Server, Context, Workspace, NoColor, Quiet, Verbose];

    private static Option<T> Everywhere<T>(Option<T> option)
    {
        option.Recursive = true;
        option.Arity = typeof(T) == typeof(bool) ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne;
        return option;
    }
}
