using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Sources;

/// <summary>Says in a sentence with a cure why Git failed, from what it wrote to its standard error.</summary>
public static class GitFailure
{
    private const int SearchedLength = 64 * 1024;
    private const string Asks = "could not read Username";
    private const string Refuses = "Authentication failed";

    /// <summary>Messages of Git, curl and OpenSSH (LC_ALL=C) and what to do about them; the first that occurs counts.</summary>
    private static readonly ImmutableArray<(string Sign, string Meaning)> Known =
    [
        (Asks, "The repository asks for credentials. Store them as a secret of the workspace and name it with 'credentials:'; if it should be public, check the address."),
        (Refuses, "The repository refused the credentials. Check the secret's value, and that it may read this repository."),
        ("Permission denied (publickey", "The repository refused the SSH key. Add the public key to it, and name the secret that holds the private key with 'credentials:'."),
        ("error in libcrypto", "The SSH key cannot be read. Store the private key as it is in its file, without a passphrase."),
        ("Host key verification failed", "The server shows another SSH host key than before. If that is intended, remove the old one from known_hosts on this machine."),
        ("The requested URL returned error: 403", "The credentials may not read this repository. Give them access, or name another secret with 'credentials:'."),
        ("The requested URL returned error: 30", "The repository redirects, and credentials are not sent on to another address. Write the address it redirects to in 'repository:'."),
        ("does not appear to be a git repository", "There is no Git repository at this address. Check it."),
        ("Could not resolve host", "The repository's host name cannot be resolved. Check the address, and the name servers of this machine."),
        ("Connection refused", "The repository's host refuses the connection. Check the address and port, and that the server runs."),
        ("Failed to connect", "The repository's host cannot be reached. Check the address and port, that the server runs, and the network and proxy of this machine."),
        ("unreachable", "The repository's host cannot be reached. Check the address, and the network and proxy of this machine."),
        ("timed out", "The repository's host did not answer in time. Check the address, and the network and proxy of this machine."),
        ("Operation too slow", "The transfer was too slow for a minute and was given up. Try again, or ask for less history with 'depth:'."),
        ("certificate", "The repository's certificate is not trusted on this machine. Install its authority, or name its file in GIT_SSL_CAINFO for the agent and the server."),
        ("' not allowed", "The repository redirects to a protocol that is not allowed. Use its https or ssh address."),
        ("No space left on device", "The disk of this machine is full. Free some space."),
        ("Not a valid object name", "The commit is no longer in the repository. Start a new run."),
        ("not our ref", "The commit is no longer in the repository. Start a new run."),
        ("not found", "The repository does not exist, or these credentials may not see it. Check the address and 'credentials:'."),
    ];

    /// <summary>The sentence; up to about 300 characters. The text of the server is untrusted and shown quoted and cut.</summary>
    /// <param name="standardError">What Git wrote.</param>
    /// <param name="exitCode">What it ended with.</param>
    /// <param name="hasCredentials">True when it had credentials: being asked for them then means that they were refused.</param>
    public static string Explain(string standardError, int exitCode, bool hasCredentials = false)
    {
        var text = standardError.Length > SearchedLength ? standardError[^SearchedLength..] : standardError;
        text = hasCredentials ? text.Replace(Asks, Refuses, StringComparison.OrdinalIgnoreCase) : text;
        foreach (var (sign, meaning) in Known)
        {
            if (text.Contains(sign, StringComparison.OrdinalIgnoreCase))
            {
                return meaning;
            }
        }

        var last = text.Split('\n').LastOrDefault(l => l.Trim().Length > 0)?.Trim();
        return last is null ? $"Git failed with code {exitCode} and no message." : $"Git failed with code {exitCode}: {Problems.Quote(last)}";
    }
}
