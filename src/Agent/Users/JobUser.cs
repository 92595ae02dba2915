using System.Globalization;

namespace Control.Agent.Users;

/// <summary>A user that an attempt has for itself, until it is given back.</summary>
internal sealed class JobUser(uint id, FileStream held) : IDisposable
{
    /// <summary>Number of the user, and of its only group.</summary>
    public uint Id => id;

    /// <summary>
    /// The beginning of a command that runs the rest of it as this user: no other groups, no capabilities, and no way to get
    /// any by programs that would give them.
    /// </summary>
    /// <param name="setPriv">Path of <c>setpriv</c>.</param>
    public IReadOnlyList<string> Prefix(string setPriv) => Prefix(setPriv, id);

    /// <summary>The same for a user that nobody has.</summary>
    public static IReadOnlyList<string> Prefix(string setPriv, uint id)
    {
        var number = id.ToString(CultureInfo.InvariantCulture);
        return [setPriv, "--reuid", number, "--regid", number, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"];
    }

    /// <summary>Gives the user back. Nothing may run as it any more.</summary>
    public void Dispose() => held.Dispose();
}
