using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Control.Kubernetes.Access;
using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Http;

namespace Control.Kubernetes.Tests;

/// <summary>Stands for an API server: a test answers its requests one after the other.</summary>
internal sealed class FakeCluster : HttpMessageHandler
{
    public static readonly ApiResource Pods = new() { Group = "", Version = "v1", Name = "pods", Kind = "Pod", IsNamespaced = true, Verbs = ["list", "watch"] };
    public static readonly ApiResource Nodes = new() { Group = "", Version = "v1", Name = "nodes", Kind = "Node", IsNamespaced = false };

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>();

    public ConcurrentQueue<string> Bodies { get; } = [];

    public KubernetesClient Client(ClusterAccess? access = null, ClientOptions? options = null, TimeProvider? time = null) => KubernetesClient.Over(
        this, access ?? new ClusterAccess { Server = new Uri("https://cluster.test/at/all") }, options ?? new ClientOptions(), time ?? TimeProvider.System);

    /// <summary>The next request.</summary>
    public async Task<Asked> NextAsync() => await _asked.Reader.ReadAsync().AsTask().WaitAsync(Limit);

    /// <summary>Answers the next request.</summary>
    public async Task<Asked> AnswerAsync(int status, string body, string? retryAfter = null)
    {
        var asked = await NextAsync();
        asked.Answer(status, body, retryAfter);
        return asked;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Bodies.Enqueue(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
        var asked = new Asked(request);
        _asked.Writer.TryWrite(asked);
        return await asked.Response.Task.WaitAsync(cancellationToken);
    }

    /// <summary>A request that waits for its answer.</summary>
    internal sealed class Asked(HttpRequestMessage request)
    {
        public string Method { get; } = request.Method.Method;

        public string Path { get; } = request.RequestUri!.PathAndQuery;

        public string? Header(string name) => request.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;

        public string? MediaType { get; } = request.Content?.Headers.ContentType?.ToString();

        public TaskCompletionSource<HttpResponseMessage> Response { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Answer(int status, string body, string? retryAfter = null)
        {
            var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) };
            if (retryAfter is not null) response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
            Response.SetResult(response);
        }

        public void Break() => Response.SetException(new HttpRequestException("connection refused"));

        /// <summary>Answers with a stream that goes on.</summary>
        public FakeStream Stream()
        {
            var pipe = new Pipe();
            Response.SetResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(pipe.Reader.AsStream()) });
            return new FakeStream(pipe.Writer);
        }
    }

    internal sealed class FakeStream(PipeWriter writer)
    {
        public async Task SayAsync(string text) => await writer.WriteAsync(Encoding.UTF8.GetBytes(text));

        public void End() => writer.Complete();

        public void Break() => writer.Complete(new IOException("reset"));
    }
}
