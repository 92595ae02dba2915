using Control.Agent.Executors;
using Control.Agent.Jobs;
using Control.Agent.Processes;
using Control.Contracts.Runs;

namespace Control.Agent.Local;

/// <summary>
/// The files of the developer's folder. An attempt gets a copy of what Git would take note of, changed and new files included
/// and ignored ones not, with the repository's history; of a folder without Git, everything.
/// </summary>
/// <param name="Folder">The repository's root, or the folder itself.</param>
/// <param name="IsInPlace">Attempts work in it; nothing is copied.</param>
/// <param name="IsRepository">It has at least one commit.</param>
/// <param name="IsCommitted">The files of the run's commit are wanted, not those that lie there.</param>
internal sealed record LocalFiles(string Folder, bool IsInPlace, bool IsRepository, bool IsCommitted)
{
    /// <summary>Null when they are there; otherwise why not.</summary>
    public async Task<JobResult?> PutAsync(JobOrder order, WorkFolder folder, JobProcesses processes, CancellationToken cancellationToken)
    {
        if (IsInPlace)
        {
            return null;
        }

        if (folder.Owner is not null)
        {
            // Git works in nobody else's folder.
            folder.TakeSource();
        }

        order.Log.WriteLine($"copy of {Folder}{(IsCommitted ? $" at {order.Assignment.Checkout!.Commit}" : "")}");
        var complaint = IsRepository
            ? await CloneAsync(order, folder, cancellationToken).ConfigureAwait(false)
            : await CopyAllAsync(folder, processes, cancellationToken).ConfigureAwait(false);
        if (complaint is null && folder.Owner is not null)
        {
            await folder.GiveSourceAsync().ConfigureAwait(false);
        }

        return complaint is null ? null : JobResult.Failure(Reasons.CheckoutFailed, $"The files of {Folder} could not be copied. {complaint}");
    }

    // Without hard links where the files are given away: they would be the developer's own that change hands.
    private async Task<string?> CloneAsync(JobOrder order, WorkFolder folder, CancellationToken cancellationToken)
    {
        string[] links = folder.Owner is null && order.Assignment.Container is null ? [] : ["--no-hardlinks"];
        return await GitAsync(Folder, ["clone", "--quiet", "--no-checkout", .. links, "--", Folder, folder.Source], cancellationToken).ConfigureAwait(false)
            ?? await GitAsync(folder.Source, ["remote", "remove", "origin"], cancellationToken).ConfigureAwait(false)
            ?? (IsCommitted
                ? await GitAsync(folder.Source, ["checkout", "--quiet", "--force", "--detach", order.Assignment.Checkout!.Commit, "--"], cancellationToken).ConfigureAwait(false)
                : await CopyPresentAsync(folder.Source, cancellationToken).ConfigureAwait(false));
    }

    private async Task<string?> CopyPresentAsync(string target, CancellationToken cancellationToken)
    {
        if (await GitAsync(target, ["reset", "--quiet", "--mixed"], cancellationToken).ConfigureAwait(false) is { } complaint)
        {
            return complaint;
        }

        var (code, names, wrong) = await LocalGit.RunAsync(Folder, ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], cancellationToken).ConfigureAwait(false);
        foreach (var name in code == 0 ? names.Split('\0', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            Copy(Path.Combine(Folder, name), Path.Combine(target, name));
        }

        return code == 0 ? null : wrong;
    }

    // What is listed but gone was deleted and is left out; a submodule is a folder and is not fetched on the server either.
    private static void Copy(string from, string to)
    {
        var file = new FileInfo(from);
        if (file.LinkTarget is { } link)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.CreateSymbolicLink(to, link);
        }
        else if (file.Exists)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            file.CopyTo(to);
        }
    }

    private async Task<string?> CopyAllAsync(WorkFolder folder, JobProcesses processes, CancellationToken cancellationToken)
    {
        if (Programs.Locate("cp") is not { } cp)
        {
            return "There is no program 'cp'.";
        }

        using var output = new MemoryStream();
        var command = new JobCommand(cp, ["-R", "-P", "-p", "--", $"{Folder}/.", folder.Source], folder.Root, new Dictionary<string, string>(), IsAgents: true);
        var code = await processes.RunAsync(command, output.Write, cancellationToken).ConfigureAwait(false);
        return code == 0 ? null : System.Text.Encoding.UTF8.GetString(output.ToArray()).ReplaceLineEndings(" ").Trim();
    }

    private static async Task<string?> GitAsync(string folder, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var (code, _, complaint) = await LocalGit.RunAsync(folder, arguments, cancellationToken).ConfigureAwait(false);
        return code == 0 ? null : complaint.Length > 0 ? complaint : $"git ended with {code}.";
    }
}
