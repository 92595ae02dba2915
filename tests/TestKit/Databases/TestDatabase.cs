namespace Control.TestKit.Databases;

/// <summary>Which database this run of the tests is on.</summary>
public static class TestDatabase
{
    /// <summary>True with <c>CONTROL_TEST_DATABASE=postgres</c>; stores are SQLite's unless told so.</summary>
    public static bool IsPostgres { get; } = Environment.GetEnvironmentVariable("CONTROL_TEST_DATABASE") switch
    {
        null or "" or "sqlite" => false,
        "postgres" => true,
        var other => throw new InvalidOperationException($"CONTROL_TEST_DATABASE is '{other}'; it is sqlite or postgres."),
    };

    /// <summary>The connection string of a new, empty store where this run is on PostgreSQL; null where it is not.</summary>
    public static string? Connection() => IsPostgres ? PostgresConnection() : null;

    /// <summary>The connection string of a new, empty store on PostgreSQL.</summary>
    public static string PostgresConnection() => PostgresServer.SharedAsync().GetAwaiter().GetResult().Connection($"t{Guid.NewGuid():N}");
}
