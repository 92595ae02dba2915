using System.Net;
using Control.Agent.Users;
using Control.Contracts.Errors;

namespace Control.Cli.Hosting;

/// <summary>How the one-process server runs.</summary>
public sealed record ServerOptions
{
    /// <summary>Folder of databases, keys, certificate and the inside agent's state. Made when missing, for this user only.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The PostgreSQL that holds the state; null for SQLite in the folder.</summary>
    public DatabaseOptions? Database { get; init; }

    /// <summary>Where to listen. Default: loopback, port 7443; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 7443);

    /// <summary>Further names or addresses for the self-made certificate.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Jobs at a time of the agent inside the process; 0 runs none. Default: 4.</summary>
    public int AgentCapacity { get; init; } = 4;

    /// <summary>Labels of the agent inside the process. Default: <c>linux</c>.</summary>
    public IReadOnlyList<string> AgentLabels { get; init; } = ["linux"];

    /// <summary>Where the jobs of the agent inside work; see <see cref="Control.Agent.AgentOptions.WorkDirectory"/>.</summary>
    public string? AgentWorkDirectory { get; init; }

    /// <summary>Whom the jobs of the agent inside run as; see <see cref="Control.Agent.AgentOptions.JobUsers"/>.</summary>
    public UserRange? AgentJobUsers { get; init; } = UserRange.Default;

    /// <summary>
    /// The <c>control</c> program that serves as the reaper of the agent inside, for hosts whose own program cannot
    /// (see <see cref="Control.Agent.Processes.ReaperProcess"/>). Default: this program.
    /// </summary>
    public string? AgentReaperProgram { get; init; }

    /// <summary>Makes a workspace with a pipeline to try on the first start.</summary>
    public bool Seed { get; init; }

    /// <summary>The cluster whose silo this server is to be; null for a server that is alone.</summary>
    public ClusterOptions? Cluster { get; init; }

    /// <summary>
    /// True for a gateway: it calls the grains of the cluster, has none, runs no agent and shares the folder with others.
    /// </summary>
    public bool IsGateway { get; init; }

    /// <summary>Log lines at least this severe are written. Default: warnings.</summary>
    public Microsoft.Extensions.Logging.LogLevel LogLevel { get; init; } = Microsoft.Extensions.Logging.LogLevel.Warning;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The options, with every value in range and the folder's path absolute.</summary>
    /// <exception cref="ControlException"><c>bad-options</c>, with the cure for each.</exception>
    internal ServerOptions Checked()
    {
        List<FieldError> errors = [];
        if (string.IsNullOrWhiteSpace(DataDirectory))
        {
            errors.Add(new FieldError("data", "Name the folder that is to hold the server's data, such as /var/lib/control."));
        }

        if (AgentCapacity is < 0 or > 256)
        {
            errors.Add(new FieldError("agent-capacity", "The agent inside the server runs 0 to 256 jobs at a time."));
        }

        if (IsGateway && (Cluster is null || AgentCapacity > 0 || Seed))
        {
            errors.Add(new FieldError("cluster", "A gateway needs the cluster whose grains it calls, and has neither an agent nor a sample."));
        }

        return errors.Count == 0
            ? this with { DataDirectory = Path.GetFullPath(DataDirectory) }
            : throw new ControlException("bad-options", "The server cannot start like this.", [.. errors]);
    }
}
