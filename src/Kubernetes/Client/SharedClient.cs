namespace Control.Kubernetes.Client;

/// <summary>A client that many use: closed while it is in use, it ends after that.</summary>
/// <param name="client">Owned from now on.</param>
public sealed class SharedClient(KubernetesClient client)
{
    private readonly Lock _gate = new();
    private int _users;
    private bool _isClosed;

    /// <summary>To be used between <see cref="TryEnter"/> and <see cref="Leave"/>.</summary>
    public KubernetesClient Client => client;

    /// <summary>True when it may be used; <see cref="Leave"/> must follow. False once it is closed.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (!_isClosed) _users++;
            return !_isClosed;
        }
    }

    /// <summary>The counterpart of <see cref="TryEnter"/>.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _users--;
            EndIfUnused();
        }
    }

    /// <summary>Nobody enters any more. Harmless to repeat.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            EndIfUnused();
        }
    }

    private void EndIfUnused()
    {
        if (_isClosed && _users == 0) client.Dispose();
    }
}
