using Control.TestKit.Databases;

namespace Control.Storage.Tests.Databases;

/// <summary>A test that needs PostgreSQL, whatever database the run is on.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Missing;
}

/// <summary>A test that needs PostgreSQL, whatever database the run is on.</summary>
internal sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresServer.Missing;
}
