using System.Globalization;
using Control.Agent.Users;
using Control.Contracts.Pipelines;

namespace Control.Agent.Executors.Containers;

/// <summary>What every container of an attempt is made with.</summary>
internal static class ContainerArguments
{
    /// <summary>No privileges, no files of core dumps, no output kept by the engine, and the limits asked for.</summary>
    /// <param name="engines">Whose mark the container carries.</param>
    /// <param name="engine">What this machine needs.</param>
    /// <param name="name">Of the container.</param>
    /// <param name="container">The limits.</param>
    public static IEnumerable<string> Of(ContainerEngines engines, ContainerEngine engine, string name, ContainerSpec container) =>
    [
        "--pull", "never", "--name", name, "--label", engines.Labelled, .. engine.RunArguments,
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--log-driver", "none", "--restart", "no",
        "--ulimit", "core=0:0", "--pids-limit", container.Pids.ToString(CultureInfo.InvariantCulture),
        .. Memory(container), .. Cpus(container),
    ];

    /// <summary>
    /// A root whose numbers are nobody's outside, with what installing packages takes. Its capabilities count for what is in its
    /// own user namespace: files of its image, the attempt's folders, its processes.
    /// </summary>
    /// <param name="root">Who it is outside, and the first of its users; null where the engine runs without root, whose own mapping it is then.</param>
    public static IEnumerable<string> Root(JobUser? root)
    {
        string[] map = root is null ? [] : ["--uidmap", Map(root), "--gidmap", Map(root)];
        return [.. map, .. Add(["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID", "SYS_CHROOT"])];
    }

    /// <summary>Leaves a container some capabilities.</summary>
    public static IEnumerable<string> Add(IEnumerable<string> capabilities) => capabilities.SelectMany(capability => (string[])["--cap-add", capability]);

    /// <summary>Shows a file or folder of the machine's inside.</summary>
    /// <exception cref="IOException">Its path cannot be told to an engine.</exception>
    public static string[] Mount(string source, string destination, bool isReadOnly) => source.Contains(',', StringComparison.Ordinal)
        ? throw new IOException($"The path {source} has a comma, which container engines do not take. Give the agent another folder with --work.")
        : ["--mount", $"type=bind,source={source},destination={destination}{(isReadOnly ? ",readonly" : "")}"];

    private static string Map(JobUser root) => string.Create(CultureInfo.InvariantCulture, $"0:{root.Id}:{JobUsers.RootUsers}");

    private static string[] Memory(ContainerSpec container)
    {
        var bytes = container.MemoryBytes.ToString(CultureInfo.InvariantCulture);
        return container.MemoryBytes > 0 ? ["--memory", bytes, "--memory-swap", bytes] : [];
    }

    private static string[] Cpus(ContainerSpec container) =>
        container.MilliCpus > 0 ? ["--cpus", (container.MilliCpus / 1000m).ToString(CultureInfo.InvariantCulture)] : [];
}
