using Npgsql;

namespace Control.Storage.Tests.Databases;

/// <summary>Makes every COMMIT of a store on PostgreSQL wait, after its statements are done, until it is let go.</summary>
internal sealed class SlowCommits : IDisposable
{
    private readonly NpgsqlConnection _connection;

    public SlowCommits(string database)
    {
        _connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        _connection.Open();
        Execute("""
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_advisory_xact_lock_shared(current_schema()::regnamespace::oid::int, 1);
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON subjects DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
            SELECT pg_advisory_lock(current_schema()::regnamespace::oid::int, 1);
            """);
    }

    /// <summary>Returns once a commit waits.</summary>
    public void WaitForOne()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = current_schema()::regnamespace::oid AND NOT granted";
        while ((long)command.ExecuteScalar()! == 0)
        {
            // It is on its way.
        }
    }

    /// <summary>Lets all go on.</summary>
    public void Open() => Execute("SELECT pg_advisory_unlock(current_schema()::regnamespace::oid::int, 1)");

    public void Dispose() => _connection.Dispose();

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
