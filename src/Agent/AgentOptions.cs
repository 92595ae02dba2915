using Control.Agent.Processes;
using Control.Agent.Users;
using Control.Contracts;
using Control.Contracts.Errors;

namespace Control.Agent;

/// <summary>How a build agent runs.</summary>
public sealed class AgentOptions
{
    /// <summary>Where jobs with users of their own work, unless told otherwise.</summary>
    public const string SharedWork = "/var/lib/control-work";

    /// <summary>The server's address, <c>https</c> only; a path in it is kept as a prefix of the API's paths.</summary>
    public Uri? Server { get; set; }

    /// <summary>Further gateways of the same cluster, asked in turn while one does not answer; up to 16, with the same certificate.</summary>
    public IReadOnlyList<Uri> OtherServers { get; set; } = [];

    /// <summary>Every gateway, the first one first.</summary>
    internal IReadOnlyList<Uri> Servers => [Server!, .. OtherServers];

    /// <summary>Folder of its own: credential, work folders, logs not yet uploaded. Made when missing, for this user only.</summary>
    public string StateDirectory { get; set; } = "";

    /// <summary>
    /// Where jobs work, in a folder named after the agent's state folder. Null takes the state folder itself, or
    /// <see cref="SharedWork"/> when jobs have users of their own: every user must be able to pass through all folders of
    /// the path, and the state folder lets nobody through.
    /// </summary>
    public string? WorkDirectory { get; set; }

    /// <summary>
    /// The numbers that jobs' users are taken from, when the agent runs as root: each attempt then has a user to itself, which
    /// needs no account. Null makes jobs run as the agent's own user, as they always do when that is not root.
    /// </summary>
    public UserRange? JobUsers { get; set; } = UserRange.Default;

    /// <summary>The program that runs jobs with an image, <c>podman</c> or <c>docker</c>; null takes the first of them that works.</summary>
    public string? ContainerEngine { get; set; }

    /// <summary>
    /// <c>cjt_ID.SECRET.FINGERPRINT</c>, used when the state folder holds no credential yet. The fingerprint, SHA-256 of the
    /// server's certificate (DER) in hex, is pinned from then on; without one the certificate must be of a known authority.
    /// </summary>
    public string? JoinToken { get; set; }

    /// <summary>The agent's name; null takes the machine's.</summary>
    public string? Name { get; set; }

    /// <summary>What jobs may demand, up to 32 resource names; told to the server when joining.</summary>
    public IReadOnlyList<string> Labels { get; set; } = [];

    /// <summary>Jobs at a time, 1 to 256.</summary>
    public int Capacity { get; set; } = 2;

    /// <summary>Bytes of logs kept on disk until the server has them, over all jobs; jobs that write more meanwhile fail. At least 1 MiB.</summary>
    public long SpoolQuotaBytes { get; set; } = 1L << 30;

    /// <summary>How long a job's processes may clean up after SIGTERM before SIGKILL; 0 to 60 s.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Runs no processes: what steps do stands in their environment, in variables that begin with DUMMY_. For load benches.
    /// </summary>
    public bool IsDummy { get; set; }

    /// <summary>
    /// The program and arguments that run <see cref="ReaperProcess.RunAsync"/>; null re-invokes this program with
    /// <see cref="ReaperProcess.Verb"/>.
    /// </summary>
    public IReadOnlyList<string>? ReaperCommand { get; set; }

    /// <summary>Checks everything at once.</summary>
    /// <exception cref="ControlException"><c>bad-options</c>, with a cure for every field at fault.</exception>
    public void Validate()
    {
        var errors = new List<FieldError>();
        void Require(bool valid, string field, string cure)
        {
            if (!valid)
            {
                errors.Add(new FieldError(field, cure));
            }
        }

        Require(IsAddress(Server), nameof(Server), "Give the server's address as https://HOST:PORT.");
        Require(OtherServers.Count <= 16 && OtherServers.All(IsAddress), nameof(OtherServers), "Give up to 16 further addresses as https://HOST:PORT.");
        Require(Path.IsPathRooted(StateDirectory), nameof(StateDirectory), "Give an absolute path of a folder for this agent alone.");
        Require(WorkDirectory is null || Path.IsPathRooted(WorkDirectory), nameof(WorkDirectory), "Give an absolute path of a folder that every user can pass through.");
        Require(JobUsers is null or { IsValid: true }, nameof(JobUsers), $"Give a range of users from 1000 up, such as {UserRange.Default}, or none.");
        Require(JobUsers is null || JobUsers.Value.Count >= Capacity, nameof(JobUsers), "Give at least one user for each job at a time.");
        Require(ContainerEngine is null or "podman" or "docker", nameof(ContainerEngine), "Use podman or docker, or none for the first that works.");
        Require(JoinToken is null || Joining.JoinToken.TryParse(JoinToken, out _), nameof(JoinToken), "Copy the whole join token: cjt_ID.SECRET.FINGERPRINT.");
        Require(Name is null || ResourceName.IsValid(Name), nameof(Name), $"Use {ResourceName.Rule}.");
        Require(Labels.Count <= 32 && Labels.All(label => ResourceName.IsValid(label)), nameof(Labels), $"Give up to 32 labels, each {ResourceName.Rule}.");
        Require(Capacity is >= 1 and <= 256, nameof(Capacity), "Use 1 to 256.");
        Require(SpoolQuotaBytes >= 1 << 20, nameof(SpoolQuotaBytes), "Use 1048576 (1 MiB) or more.");
        Require(StopGrace >= TimeSpan.Zero && StopGrace <= TimeSpan.FromMinutes(1), nameof(StopGrace), "Use 0 to 60 s.");
        if (errors.Count > 0)
        {
            throw new ControlException("bad-options", $"The agent's options are wrong: {string.Join(" ", errors.Select(e => $"{e.Field}: {e.Message}"))}", [.. errors]);
        }
    }

    private static bool IsAddress(Uri? address) => address is { IsAbsoluteUri: true, Scheme: "https", Query: "", Fragment: "", UserInfo: "" };

    /// <summary>The name to join with: as given, else the machine's made to fit.</summary>
    internal string EffectiveName()
    {
        if (Name is not null)
        {
            return Name;
        }

        var host = Environment.MachineName.Split('.')[0].ToLowerInvariant();
        var fitting = new string([.. host.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')]).Trim('-');
        fitting = fitting[..Math.Min(fitting.Length, ResourceName.MaxLength)].TrimEnd('-');
        return ResourceName.IsValid(fitting) ? fitting : "agent";
    }

    /// <summary>The command of the reaper; under <c>dotnet program.dll</c> the host alone would not do.</summary>
    internal IReadOnlyList<string> EffectiveReaperCommand()
    {
        if (ReaperCommand is not null)
        {
            return ReaperCommand;
        }

        var program = Environment.ProcessPath ?? throw new ControlException("bad-options", "The path of this program is unknown. Set ReaperCommand.");
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [program, Environment.GetCommandLineArgs()[0], ReaperProcess.Verb]
            : [program, ReaperProcess.Verb];
    }
}
