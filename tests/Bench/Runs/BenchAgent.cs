using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Threading.Channels;
using Control.Agent;
using Control.Agent.Link;
using Control.Agent.Logs;
using Control.Cli.Client;
using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Bench.Runs;

/// <summary>
/// An agent whose jobs do nothing: the real link, protocol and parked polls, but no processes, so that what is measured is
/// the server's part and the connection.
/// </summary>
internal sealed class BenchAgent : IAsyncDisposable
{
    private readonly ServerLink _link;
    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<Assignment> _work = Channel.CreateUnbounded<Assignment>();
    private readonly Lock _gate = new();
    private ImmutableArray<LeaseRef> _holding = [];
    private readonly HashSet<LeaseRef> _seen = [];
    private CancellationTokenSource _changed = new();
    private AgentId _id;
    private Task _polls = Task.CompletedTask;

    private readonly int _capacity;

    private BenchAgent(ServerLink link, int capacity) => (_link, _capacity) = (link, capacity);

    /// <summary>Work as it comes in.</summary>
    public ChannelReader<Assignment> Work => _work.Reader;

    public static async Task<BenchAgent> JoinAsync(ControlClient client, Uri server, string fingerprint, string name = "bench", int capacity = 4)
    {
        var token = (await client.CreateJoinTokenAsync(TimeSpan.FromHours(1), default)).Value.Token;
        var halves = token["cjt_".Length..].Split('.');
        var link = new ServerLink([server], ServerLink.CreateHandler([server], fingerprint), TimeProvider.System);
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var joined = await link.JoinAsync(new JoinRequest(halves[0], halves[1], secret, name, ["linux"], capacity, "bench"), default);
        var agent = new BenchAgent(link, capacity) { _id = joined.Value!.AgentId };
        link.Authenticate(agent._id, secret);
        agent._polls = agent.PollAsync();
        return agent;
    }

    public Task StartAsync(Assignment assignment) => ReportAsync(assignment, ReportKind.Started);

    /// <summary>Uploads a log as the real agent does, until all of it is there.</summary>
    public async Task UploadAsync(Assignment assignment, LogSpool spool, AgentMetrics metrics)
    {
        var lease = new LeaseRef(assignment.Attempt, assignment.Lease);
        if (!await new LogUpload(spool, lease, _link, metrics, TimeProvider.System).RunAsync(default))
        {
            var answer = await _link.LogAsync(lease, spool.Length, ReadOnlyMemory<byte>.Empty, default);
            throw new InvalidOperationException($"The server does not take the log of {assignment.Attempt}: {answer.Verdict} {answer.Detail}");
        }
    }

    public async Task SucceedAsync(Assignment assignment, long logLength = 0)
    {
        // As the real agent: held until the report is answered, then the parked poll is replaced by one that says what is free.
        await ReportAsync(assignment, ReportKind.Succeeded, logLength);
        lock (_gate)
        {
            _holding = _holding.Remove(new LeaseRef(assignment.Attempt, assignment.Lease));
        }

        await _changed.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _polls;
        _work.Writer.Complete();
        _link.Dispose();
        _ending.Dispose();
    }

    private async Task PollAsync()
    {
        var boot = Guid.NewGuid().ToString("N");
        for (var sequence = 1L; !_ending.IsCancellationRequested; sequence++)
        {
            ImmutableArray<LeaseRef> holding;
            lock (_gate)
            {
                holding = _holding;
                if (_changed.IsCancellationRequested) _changed = new CancellationTokenSource();
            }

            var poll = new AgentPoll(boot, sequence, _capacity - holding.Length, holding, TimeSpan.FromSeconds(20));
            try
            {
                using var replaced = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, _changed.Token);
                Take((await _link.PollAsync(poll, replaced.Token)).Value);
            }
            catch (OperationCanceledException)
            {
                // The next one says how things stand.
            }
        }
    }

    private void Take(AgentOrdersMessage? orders)
    {
        foreach (var message in orders?.Start ?? [])
        {
            var lease = new LeaseRef(message.Assignment.Attempt, message.Assignment.Lease);
            lock (_gate)
            {
                // Work whose delivery may have got lost comes again.
                if (!_seen.Add(lease)) continue;
                _holding = _holding.Add(lease);
            }

            _work.Writer.TryWrite(message.Assignment);
        }
    }

    private async Task ReportAsync(Assignment assignment, ReportKind kind, long logLength = 0)
    {
        var answer = await _link.ReportAsync(
            new AttemptReport(
                assignment.Attempt, assignment.Lease, _id, kind, null, null, 0, ImmutableSortedDictionary<string, string>.Empty, logLength),
            default);
        if (answer.Verdict != Verdict.Ok)
        {
            throw new InvalidOperationException($"The report was answered {answer.Verdict}: {answer.Detail}");
        }
    }
}
