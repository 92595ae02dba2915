using System.Diagnostics;
using Control.Agent.Processes;
using Control.Engine.Sources;

namespace Control.Agent.Executors.Containers;

/// <summary>A program that runs containers, and what has to be told to it on this machine for it to work.</summary>
/// <param name="Program">Absolute path.</param>
/// <param name="IsPodman">Podman; otherwise Docker.</param>
/// <param name="RunArguments">What every start of a container needs here.</param>
/// <param name="HasNetwork">Containers can have networks of their own here.</param>
internal sealed record ContainerEngine(string Program, bool IsPodman, IReadOnlyList<string> RunArguments, bool HasNetwork)
{
    // An image's layers and a slow disk take their time; a call that hangs must not hang the agent.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Where the user's configuration is; nothing else of the agent's environment is the engine's business.
    private static readonly string[] Inherited = ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DOCKER_HOST", "CONTAINERS_CONF", "CONTAINERS_REGISTRIES_CONF", .. GitCommand.InheritedVariables];

    /// <summary>The environment that the program runs in.</summary>
    public static Dictionary<string, string> Environment()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Inherited)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }

        environment["PATH"] = Programs.SearchPath;
        return environment;
    }

    /// <summary>Calls the program and waits, whatever becomes of the job.</summary>
    /// <returns>The exit code, and what it printed; code -1 when it took too long and was killed.</returns>
    public async Task<(int Code, string Output)> CallAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = "/" };
        start.Environment.Clear();
        foreach (var (name, value) in Environment())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            var all = $"{await output.ConfigureAwait(false)}{await errors.ConfigureAwait(false)}".Trim();
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return (process.ExitCode, all);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"{Program} {arguments[0]} did not end within {Patience.TotalSeconds:0} s.");
        }
    }

    /// <summary>Removes containers with all that runs in them, and waits until they are gone.</summary>
    /// <returns>Null when they are; otherwise what the engine says.</returns>
    public async Task<string?> RemoveAsync(IReadOnlyCollection<string> containers)
    {
        string[] force = IsPodman ? ["--force", "--time", "0", "--ignore"] : ["--force"];
        var (code, output) = containers.Count == 0 ? (0, "") : await CallAsync(["rm", .. force, "--volumes", .. containers]).ConfigureAwait(false);
        return code == 0 || output.Contains("No such container", StringComparison.OrdinalIgnoreCase) ? null : output;
    }

    /// <summary>Names or ids of the containers that fit all filters, running or not.</summary>
    public async Task<string[]> ListAsync(params string[] filters)
    {
        var (code, output) = await CallAsync(["ps", "--all", "--quiet", "--no-trunc", .. filters.SelectMany(filter => (string[])["--filter", filter])]).ConfigureAwait(false);
        return code == 0 ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : throw new IOException($"The containers cannot be listed: {output}");
    }
}
