using System.CommandLine;

namespace Control.Cli.Hosting;

/// <summary>The PostgreSQL that holds a server's state, instead of SQLite in its data folder.</summary>
/// <param name="Connection">As Npgsql reads it; may carry a password.</param>
public sealed record DatabaseOptions(string Connection)
{
    /// <summary>The environment variable with <see cref="Connection"/>: passwords do not belong into arguments.</summary>
    public const string Variable = "CONTROL_DATABASE";

    /// <summary>The record's own text would show the password.</summary>
    public override string ToString() => nameof(DatabaseOptions);

    internal static Option<string?> Option() => new("--database")
    {
        Description = $"PostgreSQL for the state, as Host=…;Database=…;Username=…, instead of SQLite in the folder. {Variable} may hold it too, with a password.",
        HelpName = "connection",
    };

    /// <summary>From the command line or the environment; null when neither names one.</summary>
    internal static DatabaseOptions? From(string? option) => option switch
    {
        null or "" => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? new DatabaseOptions(text) : null,
        _ when IsTelling(option) => throw new UsageException($"Everybody on this machine can read arguments: give the password in {Variable} or PGPASSWORD, or its file in PGPASSFILE."),
        _ => new DatabaseOptions(option),
    };

    private static bool IsTelling(string option) => option.Split(';').Select(part => part.Split('=')[0].Trim())
        .Any(name => name.Equals("password", StringComparison.OrdinalIgnoreCase) || name.Equals("pwd", StringComparison.OrdinalIgnoreCase)
            || name.Equals("psw", StringComparison.OrdinalIgnoreCase));
}
