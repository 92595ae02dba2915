using System.Text;
using Control.Agent.Processes;

namespace Control.Agent.Executors.Containers;

/// <summary>Calls of a container engine that end with the attempt they are for.</summary>
internal sealed class EngineCalls(ContainerEngine engine, JobProcesses processes)
{
    // An engine's complaint is short; what a command inside prints may not be.
    private const int MostOutput = 2000;

    /// <summary>The engine.</summary>
    public ContainerEngine Engine => engine;

    /// <summary>A call as a command.</summary>
    public JobCommand Command(IReadOnlyList<string> arguments) => new(engine.Program, arguments, "/", ContainerEngine.Environment(), IsAgents: true);

    /// <summary>Calls it and waits. Several may run at a time.</summary>
    /// <returns>The exit code, and the beginning of what it printed, in one line.</returns>
    public async Task<(int Code, string Output)> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var code = await processes.RunAsync(Command(arguments), bytes => Keep(output, bytes), cancellationToken).ConfigureAwait(false);
        lock (output)
        {
            return (code, output.ToString().ReplaceLineEndings(" ").Trim());
        }
    }

    private static void Keep(StringBuilder output, ReadOnlySpan<byte> bytes)
    {
        lock (output)
        {
            output.Append(Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, Math.Max(0, MostOutput - output.Length))]));
        }
    }
}
