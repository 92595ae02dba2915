using System.Text;
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
            Task.Run(() => ResolveAsync(run, source, reference)).Ignore();
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task ResolveAsync(RunId run, GitSource source, string reference)
    {
        await _slots.WaitAsync();
        try
        {
            var resolution = await LookUp(run, source, reference);
            LogResolved(run, resolution.Commit ?? resolution.Error);
            await grains.GetGrain<IRunGrain>(run.ToString()).SourceResolved(resolution);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogFailed(run, fault);
        }
        finally
        {
            _slots.Release();
            _running.TryRemove(run, out _);
        }
    }

    private async Task<SourceResolution> LookUp(RunId run, GitSource source, string reference)
    {
        if (GitRef.IsCommit(reference))
        {
            return new SourceResolution(reference.ToLowerInvariant(), null);
        }

        SealedSecret? secret = null;
        var workspace = run.Pipeline.Workspace;
        if (source.Credentials is { } name)
        {
            secret = (await grains.GetGrain<IWorkspaceGrain>(workspace).GetSecrets([name])).FirstOrDefault();
            if (secret is null)
            {
                return new SourceResolution(null, $"The secret '{name}', which the source's credentials name, does not exist in workspace '{workspace}'. Create it and retry the run.");
            }
        }

        // A fresh name each time: two lookups of one process never share a key's file.
        var keyFile = Path.Combine(Path.GetTempPath(), $"control-{Guid.NewGuid():N}");
        var access = GitAccess.Create(source.Repository, secret?.Kind, Open(workspace, secret), keyFile, out var unfit);
        return access is null
            ? new SourceResolution(null, unfit)
            : await GitLookup.RunAsync(access, reference, Timeout, time);
    }

    private SecretValue? Open(string workspace, SealedSecret? secret) => secret is null
        ? null
        : ContractJson.Read<SecretValue>(Encoding.UTF8.GetString(secrets.Open(secret.Sealed, SecretContext.Of(workspace, secret.Name))));

    [LoggerMessage(Level = LogLevel.Information, Message = "Source of {Run}: {Result}")]
    private partial void LogResolved(RunId run, string? result);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking up the source of {Run} failed; it is tried again within 30 s")]
    private partial void LogFailed(RunId run, Exception fault);
}
