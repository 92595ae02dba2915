using System.Collections.Frozen;
using System.Globalization;
using Control.Agent.Processes;

namespace Control.Agent.Users;

/// <summary>
/// Users for attempts, one each, out of a range of numbers that need no entry in <c>/etc/passwd</c>. All agents of a machine
/// share the range: who has a user holds a lock on a file of its name, which the kernel releases when the holder dies. Numbers
/// are taken in turn, not the lowest free one, so that files left in <c>/tmp</c> do not meet the next user of the number soon.
/// </summary>
/// <param name="range">The numbers.</param>
/// <param name="folder">Of the locks; the same for all agents of a machine.</param>
/// <param name="accounts">The text of <c>/etc/passwd</c>: numbers in it belong to somebody.</param>
internal sealed class JobUsers(UserRange range, string folder, string accounts)
{
    /// <summary>The folder of the locks. Empty after a boot, as is the process table.</summary>
    public const string LockFolder = "/run/control-agent";

    /// <summary>
    /// Accounts whose names begin like this are for jobs: some programs, OpenSSH among them, want to know the name of their user.
    /// </summary>
    public const string AccountPrefix = "control-job";

    /// <summary>How many users a container with a root of its own has.</summary>
    public const int RootUsers = 65_536;

    // Between what systemd gives containers and what it has for foreign images.
    private const uint FirstRoot = 0x7000_0000;
    private const int Roots = 0x0FFE;

    private readonly FrozenSet<uint> _strangers = Strangers(accounts);
    private long _next = Random.Shared.NextInt64(range.Count);

    /// <summary>The numbers.</summary>
    public UserRange Range => range;

    /// <summary>Makes the folder of the locks.</summary>
    /// <exception cref="IOException">It cannot be.</exception>
    public void Prepare() => Prepare(folder);

    /// <summary>A user that nobody has and nothing runs as.</summary>
    /// <exception cref="IOException">There is none, or the locks cannot be written.</exception>
    public async Task<JobUser> ClaimAsync() => await FirstFreeAsync(InTurn()).ConfigureAwait(false)
        ?? throw new IOException($"None of the users {range} is free. Give the agent a larger range with --job-users.");

    /// <summary>
    /// The root of a container's user namespace, and with it all of its <see cref="RootUsers"/> users: the numbers from this one
    /// on. It is nobody's outside, and its users are no other container's. Not taken in turn: engines may keep an image once for
    /// each root that it was run with.
    /// </summary>
    /// <exception cref="IOException">There is none, or the locks cannot be written.</exception>
    public async Task<JobUser> ClaimRootAsync() => await FirstFreeAsync(Enumerable.Range(0, Roots).Select(RootAt)).ConfigureAwait(false)
        ?? throw new IOException($"None of the users from {FirstRoot} on is free, which the roots of containers have. Remove accounts with such numbers from the agent's machine.");

    /// <summary>True when an agent has had the user since the machine started: what runs as it is an agent's, dead or alive.</summary>
    public static bool WasGiven(string folder, uint id) => File.Exists(LockFile(folder, id));

    /// <summary>Takes the lock on a user; null when somebody has it.</summary>
    /// <exception cref="IOException">The locks cannot be written.</exception>
    public static JobUser? TryHold(string folder, uint id)
    {
        Prepare(folder);
        return FileLock.TryTake(LockFile(folder, id)) is { } held ? new JobUser(id, held) : null;
    }

    private static uint RootAt(int number) => FirstRoot + ((uint)number * RootUsers);

    private IEnumerable<uint> InTurn()
    {
        for (var tries = 0L; tries < range.Count; tries++)
        {
            yield return (uint)(range.First + ((Interlocked.Increment(ref _next) & long.MaxValue) % range.Count));
        }
    }

    private async Task<JobUser?> FirstFreeAsync(IEnumerable<uint> ids)
    {
        foreach (var id in ids)
        {
            var wasGiven = WasGiven(folder, id);
            if (IsStrangers(id) || (!wasGiven && IsInUse(id)) || TryHold(folder, id) is not { } user)
            {
                continue;
            }

            if (wasGiven)
            {
                // What an agent left that died together with its reaper.
                await Extinction.OfAsync(() => ProcessTable.Find([], null, [id]), TimeSpan.Zero).ConfigureAwait(false);
            }

            return user;
        }

        return null;
    }

    // A root's number stands for those that follow too.
    private bool IsStrangers(uint id) => id < FirstRoot ? _strangers.Contains(id) : _strangers.Any(stranger => stranger >= id && stranger - id < RootUsers);

    private static void Prepare(string folder) => Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    // A number that no agent ever had and that runs something is a person's or a service's, as of a directory server.
    private static bool IsInUse(uint id) => ProcessTable.Find([], null, [id]).Found.Count > 0;

    private static string LockFile(string folder, uint id) => Path.Combine(folder, id.ToString(CultureInfo.InvariantCulture));

    private static FrozenSet<uint> Strangers(string accounts) => accounts
        .Split('\n')
        .Where(line => !line.StartsWith(AccountPrefix, StringComparison.Ordinal))
        .Select(line => line.Split(':'))
        .Select(fields => fields.Length > 2 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
        .ToFrozenSet();
}
