namespace Control.Agent.Link;

/// <summary>What the agent is to make of an exchange with the server.</summary>
internal enum Verdict
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>409: the lease, or a log's offset, is not what the server has.</summary>
    Conflict,

    /// <summary>410: the lease is void for good.</summary>
    Gone,

    /// <summary>Another 4xx: repeating it cannot help.</summary>
    Refused,

    /// <summary>401 or 404 from Control itself (not from a proxy before it): the agent is not known any more.</summary>
    Removed,

    /// <summary>No answer, or one that says "later": try again.</summary>
    Away,

    /// <summary>The TLS handshake failed: a wrong certificate, or something that does not speak TLS.</summary>
    Insecure,
}

/// <summary>An answer.</summary>
/// <param name="Verdict">What to make of it.</param>
/// <param name="Value">The content of an <see cref="Verdict.Ok"/>, and of a conflict that carries one.</param>
/// <param name="Detail">For people, when it is not ok.</param>
/// <param name="IsPatient">True when another gateway would say the same, or was turned to already.</param>
/// <param name="Code">The problem's code, when it is one of Control's own.</param>
internal readonly record struct ServerAnswer<T>(Verdict Verdict, T? Value, string Detail, bool IsPatient = false, string Code = "")
    where T : class;
