namespace Control.Agent.Link;

/// <summary>
/// The gateways of one cluster, of which all requests use one: when that does not answer, all turn to the next. Safe for
/// concurrent use.
/// </summary>
internal sealed class Gateways(IReadOnlyList<Uri> servers) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Uri[] _addresses = [.. servers.Select(server => new Uri($"{server.AbsoluteUri.TrimEnd('/')}/api/v1/agent/"))];
    private CancellationTokenSource _turning = new();
    private int _turn;

    /// <summary>The one in use.</summary>
    public Gateway Current
    {
        get
        {
            lock (_gate)
            {
                return new Gateway(_turn, _addresses[_turn % _addresses.Length]);
            }
        }
    }

    /// <summary>Ends when the one in use is given up.</summary>
    public CancellationToken Turned
    {
        get
        {
            lock (_gate)
            {
                return _turning.Token;
            }
        }
    }

    /// <summary>That one did not answer: turns to the next, unless somebody did already, or there is none.</summary>
    public void Leave(Gateway gateway)
    {
        CancellationTokenSource turning;
        lock (_gate)
        {
            if (_addresses.Length == 1 || gateway.Turn != _turn)
            {
                return;
            }

            _turn++;
            (turning, _turning) = (_turning, new CancellationTokenSource());
        }

        turning.Cancel();
        turning.Dispose();
    }

    public void Dispose() => _turning.Dispose();
}

/// <summary>A gateway in use.</summary>
/// <param name="Turn">Which use of a gateway this is, counted from 0.</param>
/// <param name="Address">Where its routes for agents are.</param>
internal sealed record Gateway(int Turn, Uri Address);
