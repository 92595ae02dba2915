using System.Diagnostics;
using Control.Agent.Executors;
using Control.Agent.Joining;
using Control.Agent.Processes;
using Control.Contracts.Errors;

namespace Control.Agent.Users;

/// <summary>Where and as whom an agent's jobs run.</summary>
/// <param name="Work">Folder of the work folders, this agent's alone. Its content is of no use to a later boot.</param>
/// <param name="Users">Null for the agent's own user.</param>
internal sealed record JobPlace(string Work, JobUsers? Users)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode AnybodyPasses = OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const string Cure = "Or start the agent with --job-users none: its jobs then run as the agent's own user and can read its credential and each other's files.";

    /// <summary>Users of their own when the agent may give them, that is, when it is root.</summary>
    /// <exception cref="ControlException"><c>agent-unsupported</c>: it is root and lacks the program for it.</exception>
    public static JobPlace Choose(AgentOptions options, Programs programs, StateFolder state, string installation)
    {
        if (options.JobUsers is not { } range || Libc.EffectiveUser() != 0)
        {
            return new JobPlace(options.WorkDirectory is { } given ? Path.Combine(given, installation) : state.Work, null);
        }

        if (programs.SetPriv is null)
        {
            throw new ControlException("agent-unsupported", $"The program 'setpriv' is not on the agent's PATH; jobs are given users of their own with it. Install it (on Debian: package util-linux). {Cure}");
        }

        var accounts = File.Exists("/etc/passwd") ? File.ReadAllText("/etc/passwd") : "";
        return new JobPlace(Path.Combine(options.WorkDirectory ?? AgentOptions.SharedWork, installation), new JobUsers(range, JobUsers.LockFolder, accounts));
    }

    /// <summary>Makes the folder, and sees whether a job's user gets there.</summary>
    /// <exception cref="ControlException"><c>work-folder</c>, with the cure.</exception>
    public async Task PrepareAsync(Programs programs)
    {
        try
        {
            Users?.Prepare();
            Directory.CreateDirectory(Path.GetDirectoryName(Work)!, Users is null ? OwnerOnly : AnybodyPasses);
            Directory.CreateDirectory(Work, Users is null ? OwnerOnly : AnybodyPasses);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("work-folder", $"The work folder {Work}, or {JobUsers.LockFolder} that tells who has which user, cannot be made: {e.Message} Give another work folder with --work.");
        }

        if (Users is not null && await ComplaintAsync(programs, Users).ConfigureAwait(false) is { } complaint)
        {
            throw new ControlException("work-folder", $"Jobs cannot be given users of their own that work in {Work}: {complaint} Put the work folder where every user can pass through (--work), and give the agent the capabilities to set users and groups. {Cure}");
        }
    }

    /// <summary>Ends what earlier boots left that nobody else has ended, going by the users whose work folders are still there.</summary>
    /// <returns>How many processes there were.</returns>
    public async Task<int> EndLeftoversAsync()
    {
        var ended = 0;
        foreach (var folder in Users is null || !Directory.Exists(Work) ? [] : Directory.GetDirectories(Work))
        {
            if (WorkFolder.OwnerOf(folder) is not { } owner || !JobUsers.WasGiven(JobUsers.LockFolder, owner))
            {
                continue;
            }

            // Who has it now has ended what was left.
            using var user = JobUsers.TryHold(JobUsers.LockFolder, owner);
            ended += user is null ? 0 : (await Extinction.OfAsync(() => ProcessTable.Find([], null, [owner]), TimeSpan.Zero).ConfigureAwait(false)).Found;
        }

        return ended;
    }

    /// <summary>Removes the folder when there is nothing in it, so that agents that come and go leave nothing.</summary>
    public void Leave()
    {
        try
        {
            Directory.Delete(Work);
        }
        catch (IOException)
        {
            // There is something in it: the next boot removes that.
        }
    }

    // What setpriv or the shell says; null when a user gets there.
    private async Task<string?> ComplaintAsync(Programs programs, JobUsers users)
    {
        var command = (string[])[.. JobUser.Prefix(programs.SetPriv!, users.Range.First), programs.Sh, "-c", "cd \"$0\"", Work];
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, WorkingDirectory = "/" })!;
        var complaint = await process.StandardError.ReadToEndAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        return process.ExitCode == 0 ? null : complaint.ReplaceLineEndings(" ").Trim();
    }
}
