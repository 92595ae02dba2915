using System.CommandLine;
using Control.Cli.CommandLine;

namespace Control.Cli.Completion;

/// <summary><c>control completion</c>.</summary>
internal static class CompletionCommand
{
    private const string Description = "Print a completion script. For bash: source <(control completion bash)";

    public static Command Create(CommandFactory cli)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish.", HelpName = "bash|zsh|fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        return cli.Action("completion", Description, [shell], (call, _) =>
        {
            call.Output.Text(Script(call.Get(shell), call.Root));
            return Task.FromResult(ExitCodes.Succeeded);
        });
    }

    private static string Script(string shell, Command root)
    {
        var nodes = CommandTree.Flatten(root).ToList();
        return shell switch
        {
            "bash" => ShellScripts.Bash(nodes),
            "zsh" => ShellScripts.Zsh(nodes),
            _ => FishScript.Write(nodes),
        };
    }
}
