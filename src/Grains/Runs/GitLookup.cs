using System.ComponentModel;
using System.Diagnostics;
using Control.Engine.Sources;

namespace Control.Grains.Runs;

/// <summary>Runs one <c>git ls-remote</c>, bounded in time and output.</summary>
internal static class GitLookup
{
    private const int MaxOutputChars = 256 * 1024;

    public static async Task<SourceResolution> RunAsync(
        GitAccess access, bool hasCredentials, string reference, TimeSpan timeout, TimeProvider time)
    {
        var command = GitCommand.ListRemote(access, reference);
        using var limit = new CancellationTokenSource(timeout, time);
        try
        {
            WriteFiles(command);
            using var git = Process.Start(StartInfo(command))!;
            return await Read(git, hasCredentials, reference, limit.Token);
        }
        catch (OperationCanceledException)
        {
            return new SourceResolution(null, $"The repository did not answer within {timeout.TotalSeconds:0} s. Check its address, and the network between Control and it; then retry the run.");
        }
        catch (Win32Exception)
        {
            return new SourceResolution(null, "git is not installed where Control's server runs. Install it and retry the run.");
        }
        finally
        {
            DeleteFiles(command);
        }
    }

    private static async Task<SourceResolution> Read(Process git, bool hasCredentials, string reference, CancellationToken cancellationToken)
    {
        try
        {
            git.StandardInput.Close();
            var output = ReadLimited(git.StandardOutput, cancellationToken);
            var errors = ReadLimited(git.StandardError, cancellationToken);
            await Task.WhenAll(output, errors, git.WaitForExitAsync(cancellationToken));
            return git.ExitCode == 0
                ? RemoteRefs.Resolve(reference, await output)
                : new SourceResolution(null, GitFailure.Explain(await errors, git.ExitCode, hasCredentials));
        }
        finally
        {
            if (!git.HasExited)
            {
                git.Kill(entireProcessTree: true);
            }
        }
    }

    // Reads to the end, so that git never blocks on a full pipe, but keeps only so much.
    private static async Task<string> ReadLimited(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new System.Text.StringBuilder();
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(buffer, 0, Math.Min(count, MaxOutputChars - text.Length));
        }

        return text.ToString();
    }

    private static ProcessStartInfo StartInfo(GitCommand command)
    {
        var start = new ProcessStartInfo(GitCommand.FileName, command.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var inherited = GitCommand.InheritedVariables.Select(name => (name, Environment.GetEnvironmentVariable(name))).ToList();
        start.Environment.Clear();
        foreach (var (name, value) in inherited.Where(variable => variable.Item2 is not null))
        {
            start.Environment[name] = value;
        }

        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private static void WriteFiles(GitCommand command)
    {
        foreach (var file in command.Files)
        {
            using var stream = new FileStream(
                file.Path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = file.Mode });
            stream.Write(System.Text.Encoding.UTF8.GetBytes(file.Content));
        }
    }

    private static void DeleteFiles(GitCommand command)
    {
        foreach (var file in command.Files)
        {
            File.Delete(file.Path);
        }
    }
}
