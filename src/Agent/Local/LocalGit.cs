using System.Diagnostics;
using Control.Agent.Processes;
using Control.Contracts.Errors;

namespace Control.Agent.Local;

/// <summary>Asks Git about the developer's own folder, with the developer's own settings.</summary>
internal static class LocalGit
{
    /// <summary>Runs it to its end, or kills it when cancelled.</summary>
    /// <returns>Exit code, standard output and what it complained of.</returns>
    /// <exception cref="ControlException"><c>agent-unsupported</c>: there is no Git.</exception>
    public static async Task<(int Code, string Output, string Complaint)> RunAsync(string folder, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var git = Programs.Locate("git") ?? throw new ControlException("agent-unsupported", "The program 'git' is not on the PATH. Install it.");
        using var process = Process.Start(new ProcessStartInfo(git, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var complaint = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return (process.ExitCode, await output.ConfigureAwait(false), (await complaint.ConfigureAwait(false)).ReplaceLineEndings(" ").Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
