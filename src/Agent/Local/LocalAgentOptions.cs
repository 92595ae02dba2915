using Control.Agent.Users;
using Control.Contracts.Errors;

namespace Control.Agent.Local;

/// <summary>How jobs are run without a server.</summary>
public sealed class LocalAgentOptions
{
    /// <summary>Jobs at a time, 1 to 256; who starts them keeps to it.</summary>
    public int Capacity { get; set; } = Environment.ProcessorCount;

    /// <summary>The files of jobs that check out; null when the pipeline has no source.</summary>
    public LocalSource? Source { get; set; }

    /// <summary>
    /// The numbers that jobs' users are taken from, for root; null makes jobs run as the caller, as they always do when that
    /// is not root, or when they work in place.
    /// </summary>
    public UserRange? JobUsers { get; set; } = UserRange.Default;

    /// <summary>How long a job's processes may clean up after SIGTERM before SIGKILL; 0 to 60 s.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>As <see cref="AgentOptions.ReaperCommand"/>.</summary>
    public IReadOnlyList<string>? ReaperCommand { get; set; }

    /// <summary>Checks everything at once.</summary>
    /// <exception cref="ControlException"><c>bad-options</c>, with a cure for every field at fault.</exception>
    public void Validate()
    {
        var errors = new List<FieldError>();
        if (Capacity is < 1 or > 256) errors.Add(new FieldError(nameof(Capacity), "Use 1 to 256."));
        if (JobUsers is { IsValid: false }) errors.Add(new FieldError(nameof(JobUsers), $"Give a range of users from 1000 up, such as {UserRange.Default}, or none."));
        if (StopGrace < TimeSpan.Zero || StopGrace > TimeSpan.FromMinutes(1)) errors.Add(new FieldError(nameof(StopGrace), "Use 0 to 60 s."));
        if (Source is { } source && !Path.IsPathRooted(source.Folder)) errors.Add(new FieldError(nameof(Source), "Give an absolute path."));
        if (Source is { } given && !Directory.Exists(given.Folder)) errors.Add(new FieldError(nameof(Source), $"There is no folder {given.Folder}."));
        if (Source is { IsInPlace: true, Ref: not null }) errors.Add(new FieldError(nameof(Source), "Files are worked on in place as they lie there: leave out the ref, or work on a copy."));
        if (errors.Count > 0)
        {
            throw new ControlException("bad-options", $"The options are wrong: {string.Join(" ", errors.Select(e => $"{e.Field}: {e.Message}"))}", [.. errors]);
        }
    }
}
