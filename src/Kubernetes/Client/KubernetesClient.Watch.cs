using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Watching;

namespace Control.Kubernetes.Client;

// Following changes.
public sealed partial class KubernetesClient
{
    // An object has up to 1.5 MiB in etcd; its JSON with managed fields is a few times that.
    private const int LongestEvent = 16 * 1024 * 1024;

    /// <summary>
    /// The changes of a kind since a version, until the server ends it, which it does after <paramref name="lasting"/>: one watch.
    /// <see cref="ObjectWatch"/> goes on from there.
    /// </summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">Of one namespace; empty for all.</param>
    /// <param name="selector">Which objects.</param>
    /// <param name="resourceVersion">As a list or an event gave it.</param>
    /// <param name="lasting">How long the server keeps it open.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="KubernetesException">Among others with <see cref="KubernetesException.IsExpired"/>: list again.</exception>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        ApiResource kind,
        string space,
        Selector selector,
        string resourceVersion,
        TimeSpan lasting,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var query = new QueryText().With("watch", true).With("allowWatchBookmarks", true).With(selector)
            .With("resourceVersion", resourceVersion).With("timeoutSeconds", $"{(int)Math.Max(1, lasting.TotalSeconds)}");
        using var stream = await OpenAsync($"{kind.Path(space)}{query}", cancellationToken).ConfigureAwait(false);
        var reader = PipeReader.Create(stream);
        try
        {
            while (await LineAsync(reader, cancellationToken).ConfigureAwait(false) is { } line)
            {
                if (line.Length > 0) yield return WatchEvent.Parse(line, kind);
            }
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    // Null at the end. What stands behind the last line break is the beginning of an event that never came.
    private static async Task<byte[]?> LineAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await ReadAsync(reader, cancellationToken).ConfigureAwait(false);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = read.Buffer.Slice(0, end).ToArray();
                reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                return line;
            }

            if (read.IsCompleted) return null;
            if (read.Buffer.Length > LongestEvent) throw KubernetesException.Unreachable($"An event of the watch is longer than {LongestEvent} bytes.");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsBroken(fault))
        {
            throw KubernetesException.Unreachable($"The watch broke: {fault.Message}", fault);
        }
    }
}
