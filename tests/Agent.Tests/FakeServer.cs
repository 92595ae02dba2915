using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Control.Contracts;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Tests;

/// <summary>What the fake server does to one request instead of answering it properly.</summary>
internal enum Fault
{
    None,

    /// <summary>The connection breaks before the request counts.</summary>
    LoseRequest,

    /// <summary>The request counts, but the connection breaks before the answer.</summary>
    LoseAnswer,
}

/// <summary>The agent-facing routes on a real HTTPS port, with a self-signed certificate.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    public const string AgentName = "agent-one";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<AttemptId, MemoryStream> _logs = new();
    private readonly ConcurrentBag<AttemptReport> _reports = [];
    private readonly Lock _gate = new();
    private readonly List<(Func<bool> Condition, TaskCompletionSource Done)> _waiters = [];
    private readonly List<AssignmentMessage> _starts = [];
    private readonly List<LeaseRef> _stops = [];
    private readonly List<LeaseRef> _forgets = [];
    private ImmutableQueue<AgentOrdersMessage> _once = [];
    private TaskCompletionSource _ordered = New();
    private int _rejected;
    private bool _isDown;

    private FakeServer(WebApplication app, string fingerprint) => (_app, Fingerprint) = (app, fingerprint);

    public string Fingerprint { get; }

    public Uri Url => new(_app.Urls.First());

    public string Token => $"cjt_token.joinsecret.{Fingerprint}";

    public ConcurrentQueue<AgentPoll> Polls { get; } = new();

    public ConcurrentQueue<JoinRequest> Joins { get; } = new();

    public ConcurrentQueue<(AttemptId Attempt, long Offset, int Length)> Chunks { get; } = new();

    /// <summary>Every request is cut off.</summary>
    public bool IsDown
    {
        get => Volatile.Read(ref _isDown);
        set
        {
            Volatile.Write(ref _isDown, value);
            Change(() => { });
        }
    }

    /// <summary>Requests cut off while down.</summary>
    public int Rejected => Volatile.Read(ref _rejected);

    public volatile bool RefusesReports;

    public volatile bool RefusesLogs;

    /// <summary>Reports that are answered with 400.</summary>
    public Func<AttemptReport, bool> IsWrong { get; set; } = _ => false;

    public volatile bool HasRemovedAgent;

    public Func<int, Fault> LogFault { get; set; } = _ => Fault.None;

    public Func<int, Fault> JoinFault { get; set; } = _ => Fault.None;

    public Func<AttemptReport, Fault> ReportFault { get; set; } = _ => Fault.None;

    public IReadOnlyCollection<AttemptReport> Reports => _reports;

    public static async Task<FakeServer> StartAsync()
    {
        var (certificate, fingerprint) = CreateCertificate();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        builder.Services.ConfigureHttpJsonOptions(json => ContractJson.Configure(json.SerializerOptions));
        var app = builder.Build();
        var server = new FakeServer(app, fingerprint);
        app.Use(server.BreakAsync);
        var routes = app.MapGroup("/api/v1/agent");
        routes.MapPost("join", server.Join);
        routes.MapPost("poll", server.PollAsync);
        routes.MapPost("reports", server.Report);
        routes.MapPost("logs", server.LogAsync);
        await app.StartAsync();
        return server;
    }

    public static (X509Certificate2 Certificate, string Fingerprint) CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=control", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return (certificate, Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)));
    }

    /// <summary>Orders work, repeated with every answer until the agent holds or reports it, as an answer may be lost.</summary>
    public void Order(AssignmentMessage start) => Change(() => _starts.Add(start));

    /// <summary>Goes out with one answer.</summary>
    public void OrderOnce(AgentOrdersMessage orders) => Change(() => _once = _once.Enqueue(orders));

    /// <summary>Orders an end, repeated until the agent reports one.</summary>
    public void Stop(AssignmentMessage start) => Change(() => _stops.Add(LeaseOf(start)));

    /// <summary>Orders to forget, repeated until the agent does not hold it.</summary>
    public void Forget(AssignmentMessage start) => Change(() => _forgets.Add(LeaseOf(start)));

    public static LeaseRef LeaseOf(AssignmentMessage start) => new(start.Assignment.Attempt, start.Assignment.Lease);

    public byte[] Log(AttemptId attempt)
    {
        lock (_gate)
        {
            return _logs.TryGetValue(attempt, out var log) ? log.ToArray() : [];
        }
    }

    public void CutLog(AttemptId attempt, int length)
    {
        lock (_gate)
        {
            _logs[attempt].SetLength(length);
        }
    }

    /// <summary>The first final report of an attempt.</summary>
    public async Task<AttemptReport> EndOf(AssignmentMessage start)
    {
        AttemptReport? Find() => _reports.FirstOrDefault(r => r.Attempt == start.Assignment.Attempt && r.Kind != ReportKind.Started);
        await Until(() => Find() is not null);
        return Find()!;
    }

    /// <summary>The final report, and the whole log as text.</summary>
    public async Task<(AttemptReport Report, string Log)> ResultOf(AssignmentMessage start)
    {
        var report = await EndOf(start);
        await Until(() => Log(report.Attempt).Length >= report.LogLength);
        return (report, System.Text.Encoding.UTF8.GetString(Log(report.Attempt)));
    }

    /// <summary>Completes when the condition holds; looked at after every request.</summary>
    public Task Until(Func<bool> condition)
    {
        var done = New();
        lock (_gate)
        {
            _waiters.Add((condition, done));
        }

        Notify();
        return done.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Parked polls look again.
    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            _ordered.TrySetResult();
            _ordered = New();
        }
    }

    private void Notify()
    {
        lock (_gate)
        {
            foreach (var waiter in _waiters.Where(w => w.Condition()).ToArray())
            {
                waiter.Done.TrySetResult();
                _waiters.Remove(waiter);
            }
        }
    }

    private async Task BreakAsync(HttpContext context, RequestDelegate next)
    {
        if (IsDown)
        {
            context.Abort();
            Interlocked.Increment(ref _rejected);
            Notify();
            return;
        }

        context.Response.OnCompleted(() =>
        {
            Notify();
            return Task.CompletedTask;
        });
        await next(context);
        Notify();
    }

    private IResult Join(JoinRequest request, HttpContext context)
    {
        Joins.Enqueue(request);
        return Guard(context, JoinFault(Joins.Count), () => request.TokenSecret == "joinsecret"
            ? TypedResults.Ok(new JoinResponse(new AgentId(AgentName)))
            : TypedResults.Problem("The token is not known.", statusCode: 404));
    }

    private async Task<IResult> PollAsync(AgentPoll poll, HttpContext context)
    {
        if (HasRemovedAgent)
        {
            return TypedResults.Problem("Removed.", statusCode: 401);
        }

        Polls.Enqueue(poll);
        Notify();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        end.CancelAfter(poll.Wait);
        while (true)
        {
            Task ordered;
            lock (_gate)
            {
                if (NextOrders(poll) is { } orders)
                {
                    return TypedResults.Ok(orders);
                }

                ordered = _ordered.Task;
            }

            try
            {
                await ordered.WaitAsync(end.Token);
            }
            catch (OperationCanceledException)
            {
                return TypedResults.Ok(new AgentOrdersMessage([], [], []));
            }

            if (IsDown)
            {
                context.Abort();
                return TypedResults.NoContent();
            }
        }
    }

    private AgentOrdersMessage? NextOrders(AgentPoll poll)
    {
        if (!_once.IsEmpty)
        {
            _once = _once.Dequeue(out var once);
            return once;
        }

        _starts.RemoveAll(start => poll.Holding.Contains(LeaseOf(start)) || _reports.Any(r => new LeaseRef(r.Attempt, r.Lease) == LeaseOf(start)));
        _stops.RemoveAll(lease => _reports.Any(r => r.Kind != ReportKind.Started && new LeaseRef(r.Attempt, r.Lease) == lease));
        _forgets.RemoveAll(lease => !poll.Holding.Contains(lease));
        return _starts.Count + _stops.Count + _forgets.Count == 0 ? null : new AgentOrdersMessage([.. _starts], [.. _stops], [.. _forgets]);
    }

    private IResult Report(AttemptReport report, HttpContext context)
    {
        if (RefusesReports)
        {
            return TypedResults.Problem("The lease does not hold.", statusCode: 409);
        }

        if (IsWrong(report))
        {
            return TypedResults.Problem("outputs: Too many.", statusCode: 400);
        }

        return Guard(context, ReportFault(report), () =>
        {
            _reports.Add(report);
            return TypedResults.NoContent();
        });
    }

    private async Task<IResult> LogAsync(string attempt, long offset, long lease, HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        if (RefusesLogs)
        {
            return TypedResults.Problem($"The lease {lease} does not hold.", statusCode: 410);
        }

        var id = AttemptId.Parse(attempt);
        Chunks.Enqueue((id, offset, (int)body.Length));
        return Guard(context, LogFault(Chunks.Count), () => Append(id, offset, body.ToArray()));
    }

    private IResult Append(AttemptId id, long offset, byte[] bytes)
    {
        lock (_gate)
        {
            var log = _logs.GetOrAdd(id, _ => new MemoryStream());
            if (offset == log.Length)
            {
                log.Write(bytes);
            }
            else if (offset + bytes.Length > log.Length || offset < 0)
            {
                return TypedResults.Problem("Not the length.", statusCode: 409, extensions: new Dictionary<string, object?> { ["length"] = log.Length });
            }

            return TypedResults.Ok(new LogAck(log.Length));
        }
    }

    private static IResult Guard(HttpContext context, Fault fault, Func<IResult> handle)
    {
        var result = fault == Fault.LoseRequest ? TypedResults.NoContent() : handle();
        if (fault != Fault.None)
        {
            context.Abort();
        }

        return result;
    }
}
