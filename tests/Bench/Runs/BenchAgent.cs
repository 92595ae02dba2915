using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Threading.Channels;
using Control.Agent.Link;
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
    private AgentId _id;
    private Task _polls = Task.CompletedTask;

    private BenchAgent(ServerLink link) => _link = link;

    /// <summary>Work as it comes in.</summary>
    public ChannelReader<Assignment> Work => _work.Reader;

    public static async Task<BenchAgent> JoinAsync(ControlClient client, Uri server, string fingerprint)
    {
        var token = (await client.CreateJoinTokenAsync(TimeSpan.FromHours(1), default)).Value.Token;
        var halves = token["cjt_".Length..].Split('.');
        var link = new ServerLink(server, ServerLink.CreateHandler(server, fingerprint), TimeProvider.System);
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var joined = await link.JoinAsync(new JoinRequest(halves[0], halves[1], secret, "bench", ["linux"], 4, "bench"), default);
        var agent = new BenchAgent(link) { _id = joined.Value!.AgentId };
        link.Authenticate(agent._id, secret);
        agent._polls = agent.PollAsync();
        return agent;
    }

    public Task StartAsync(Assignment assignment) => ReportAsync(assignment, ReportKind.Started);

    public async Task SucceedAsync(Assignment assignment)
    {
        lock (_gate)
        {
            _holding = _holding.Remove(new LeaseRef(assignment.Attempt, assignment.Lease));
        }

        await ReportAsync(assignment, ReportKind.Succeeded);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _polls;
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
            }

            var poll = new AgentPoll(boot, sequence, 4 - holding.Length, holding, TimeSpan.FromSeconds(20));
            try
            {
                Take((await _link.PollAsync(poll, _ending.Token)).Value);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Take(AgentOrdersMessage? orders)
    {
        foreach (var message in orders?.Start ?? [])
        {
            lock (_gate)
            {
                _holding = _holding.Add(new LeaseRef(message.Assignment.Attempt, message.Assignment.Lease));
            }

            _work.Writer.TryWrite(message.Assignment);
        }
    }

    private async Task ReportAsync(Assignment assignment, ReportKind kind)
    {
        var answer = await _link.ReportAsync(
            new AttemptReport(
                assignment.Attempt, assignment.Lease, _id, kind, null, null, 0, ImmutableSortedDictionary<string, string>.Empty, 0),
            default);
        if (answer.Verdict != Verdict.Ok)
        {
            throw new InvalidOperationException($"The report was answered {answer.Verdict}: {answer.Detail}");
        }
    }
}
