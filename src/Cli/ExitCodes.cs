namespace Control.Cli;

/// <summary>What the process's exit code says; scripts depend on it, so a number is never reused.</summary>
public static class ExitCodes
{
    /// <summary>Done; for a followed run: the run succeeded.</summary>
    public const int Succeeded = 0;

    /// <summary>The server refused or failed, a definition has errors, or the followed run failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong or lacks something.</summary>
    public const int Usage = 2;

    /// <summary>The followed run was cancelled.</summary>
    public const int Cancelled = 3;

    /// <summary>The server cannot be reached, is not the one it should be, or refuses the token (401, 403).</summary>
    public const int NoAccess = 4;

    /// <summary>Interrupted with Ctrl-C; a followed run goes on (128 + SIGINT, as shells have it).</summary>
    public const int Interrupted = 130;
}
