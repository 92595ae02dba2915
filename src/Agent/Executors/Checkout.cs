using System.Text;
using Control.Agent.Jobs;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Control.Engine.Sources;

namespace Control.Agent.Executors;

/// <summary>Gets the pinned commit into the work folder with Git. What it needs for that, such as a key, is gone when the steps run.</summary>
internal sealed class Checkout(CheckoutSpec source, JobOrder order, WorkFolder folder, JobProcesses processes)
{
    private const int KeptOutput = 64 * 1024;

    private readonly MemoryStream _output = new();

    // OpenSSH refuses to work for a user without a name. So the agent's user fetches, which writes nothing but what Git keeps
    // for itself; the files come out of it as the job's user, in whose hands is all that a repository's content can do.
    private readonly bool _agentFetches = folder.Owner is not null && RepositoryUrl.IsSsh(source.Repository);

    /// <summary>Null when the files are there; otherwise why not.</summary>
    public async Task<JobResult?> RunAsync(CancellationToken cancellationToken)
    {
        order.Log.WriteLine($"checkout of {source.Ref} ({source.Commit}) from {source.Repository}");
        if (Programs.Locate(GitCommand.FileName) is not { } git)
        {
            return JobResult.Failure(Reasons.AgentError, "The agent has no git. Install it there.");
        }

        if (RepositoryUrl.Check(source.Repository) is { } wrong)
        {
            return JobResult.Failure(Reasons.CheckoutFailed, wrong);
        }

        var access = GitAccess.Create(source.Repository, order.Message.SourceCredentialKind, order.Message.SourceCredential, Path.Combine(folder.GitHome, "key"), out var unfit);
        if (access is null)
        {
            return JobResult.Failure(Reasons.CheckoutFailed, unfit!);
        }

        var plan = GitCheckout.Plan(access, folder.Source, source.Ref, source.Commit, source.Depth);
        var failed = await PlanAsync(git, plan, cancellationToken).ConfigureAwait(false);
        await WorkFolder.RemoveAsync(folder.GitHome).ConfigureAwait(false);
        return failed is { } code ? Failure(code) : null;
    }

    // The exit code that tells why it failed; null when it did not.
    private async Task<int?> PlanAsync(string git, GitCheckout plan, CancellationToken cancellationToken)
    {
        if (_agentFetches)
        {
            folder.TakeSource();
        }

        foreach (var command in plan.Prepare)
        {
            if (await GitAsync(git, command, _agentFetches, cancellationToken).ConfigureAwait(false) is not 0 and var code)
            {
                return code;
            }
        }

        var fetched = 1;
        foreach (var fetch in plan.Fetches)
        {
            fetched = await GitAsync(git, fetch, _agentFetches, cancellationToken).ConfigureAwait(false);
            if (fetched == 0 && (fetched = await GitAsync(git, plan.Contains, _agentFetches, cancellationToken).ConfigureAwait(false)) == 0)
            {
                break;
            }
        }

        if (fetched != 0)
        {
            return fetched;
        }

        if (_agentFetches)
        {
            await folder.GiveSourceAsync().ConfigureAwait(false);
        }

        return await GitAsync(git, plan.Checkout, isAgents: false, cancellationToken).ConfigureAwait(false) is not 0 and var last ? last : null;
    }

    private async Task<int> GitAsync(string git, GitCommand command, bool isAgents, CancellationToken cancellationToken)
    {
        _output.SetLength(0);
        foreach (var file in command.Files)
        {
            File.Delete(file.Path);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = file.Mode };
            using var stream = new FileStream(file.Path, options);
            stream.Write(Encoding.UTF8.GetBytes(file.Content));
            if (!isAgents)
            {
                folder.Give(file.Path);
            }
        }

        try
        {
            return await processes.RunAsync(new JobCommand(git, command.Arguments, folder.Root, Environment(command), isAgents), Keep, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (var file in command.Files)
            {
                File.Delete(file.Path);
            }
        }
    }

    private Dictionary<string, string> Environment(GitCommand command)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in GitCommand.InheritedVariables)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }

        (environment["PATH"], environment["TMPDIR"]) = (Programs.SearchPath, folder.Temporary);
        foreach (var (name, value) in command.Environment)
        {
            environment[name] = value;
        }

        return environment;
    }

    // Not straight to the log: a first fetch may fail where the next one does not.
    private void Keep(ReadOnlySpan<byte> bytes) => _output.Write(bytes[..(int)Math.Min(bytes.Length, KeptOutput - _output.Length)]);

    private JobResult Failure(int code)
    {
        var output = _output.GetBuffer().AsSpan(0, (int)_output.Length);
        order.Log.Write(output);
        return JobResult.Failure(Reasons.CheckoutFailed, $"The checkout failed. {GitFailure.Explain(Encoding.UTF8.GetString(output), code, order.Message.SourceCredential is not null)}");
    }
}
