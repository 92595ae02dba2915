using System.Text;
using System.Text.Json;
using Control.Contracts.Workspaces;
using Control.Engine.Sources;
using Control.Grains.Durable;
using Control.Storage.Secrets;

namespace Control.Grains.Runs;

/// <summary>
/// Looks up the commit of a ref with <c>git ls-remote</c>, off the grains' turns and with a bound on how many at once; the
/// answer goes back as a call. A lookup that dies with the process is started again when the run is activated.
/// </summary>
internal sealed partial class SourceResolver(IGrainFactory grains, SecretBox secrets, TimeProvider time, ILogger<SourceResolver> log) : IDisposable
{
    private const int Concurrency = 8;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _slots = new(Concurrency);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<RunId, byte> _running = new();

    /// <summary>Starts a lookup unless one for that run is under way.</summary>
    public void Resolve(RunId run, GitSource source, string reference)
    {
        if (_running.TryAdd(run, 0))
        {
            // On the pool's own scheduler: a lookup must not run inside the grain's turns.
            Task.Run(() => ResolveAsync(run, source, reference)).Forget();
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task ResolveAsync(RunId run, GitSource source, string reference)
    {
        try
        {
            var resolution = await LookUpInSlot(run, source, reference);
            LogResolved(run, resolution.Commit ?? resolution.Error);
            await grains.GetGrain<IRunGrain>(run.ToString()).SourceResolved(resolution);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogFailed(run, fault);
        }
    }

    private async Task<SourceResolution> LookUpInSlot(RunId run, GitSource source, string reference)
    {
        await _slots.WaitAsync();
        try
        {
            return await LookUp(run, source, reference);
        }
        finally
        {
            _slots.Release();
            // Before the run hears of it: who retries the run at once must get a lookup of its own.
            _running.TryRemove(run, out _);
        }
    }

    private async Task<SourceResolution> LookUp(RunId run, GitSource source, string reference)
    {
        if (GitRef.IsCommit(reference))
        {
            return new SourceResolution(reference.ToLowerInvariant(), null);
        }

        if (source.Credentials is not { } name)
        {
            return await Ask(source.Repository, reference, "", null);
        }

        var (secret, context) = await Find(run.Pipeline, name);
        return secret is null
            ? new SourceResolution(null, $"The secret '{name}', which the source's credentials name, does not exist in workspace '{run.Pipeline.Workspace}'. Create it and retry the run.")
            : await Ask(source.Repository, reference, context, secret);
    }

    // The pipeline's own secret before the workspace's, as for its jobs, and what the one found is sealed for.
    private async Task<(SealedSecret? Secret, string Context)> Find(PipelineId pipeline, string name) =>
        (await grains.GetGrain<IPipelineGrain>(pipeline.ToString()).GetSecrets([name])).FirstOrDefault() is { } own
            ? (own, SecretContext.Of(pipeline, name))
            : ((await grains.GetGrain<IWorkspaceGrain>(pipeline.Workspace).GetSecrets([name])).FirstOrDefault(), SecretContext.Of(pipeline.Workspace, name));

    private async Task<SourceResolution> Ask(string repository, string reference, string context, SealedSecret? secret)
    {
        // A fresh name each time: two lookups of one process never share a key's file.
        var keyFile = Path.Combine(Path.GetTempPath(), $"control-{Guid.NewGuid():N}");
        GitAccess? access;
        string? unfit;
        try
        {
            access = GitAccess.Create(repository, secret?.Kind, Open(context, secret), keyFile, out unfit);
        }
        catch (Exception fault) when (fault is ControlException or JsonException)
        {
            LogUnreadable(context, fault);
            return new SourceResolution(null, $"The secret '{secret!.Name}', which the source's credentials name, cannot be opened. Set it again and retry the run.");
        }

        return access is null
            ? new SourceResolution(null, unfit)
            : await GitLookup.RunAsync(access, secret is not null, reference, Timeout, time);
    }

    private SecretValue? Open(string context, SealedSecret? secret) => secret is null
        ? null
        : ContractJson.Read<SecretValue>(Encoding.UTF8.GetString(secrets.Open(secret.Sealed, context)));

    [LoggerMessage(Level = LogLevel.Information, Message = "Source of {Run}: {Result}")]
    private partial void LogResolved(RunId run, string? result);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The secret {Secret} cannot be opened")]
    private partial void LogUnreadable(string secret, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking up the source of {Run} failed; it is tried again within 30 s")]
    private partial void LogFailed(RunId run, Exception fault);
}
