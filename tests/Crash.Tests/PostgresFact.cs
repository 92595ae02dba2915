using Control.TestKit.Databases;

namespace Control.Crash.Tests;

/// <summary>A test that needs PostgreSQL.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Missing;
}
