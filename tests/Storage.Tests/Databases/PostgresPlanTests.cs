using System.Text.RegularExpressions;
using Control.Storage.Databases;
using Control.TestKit.Databases;

namespace Control.Storage.Tests.Databases;

/// <summary>What <see cref="QueryPlanTests"/> asks of SQLite, asked of PostgreSQL, which plans by other rules.</summary>
public sealed class PostgresPlanTests(PostgresPlanTests.Store store) : IClassFixture<PostgresPlanTests.Store>
{
    public static TheoryData<string> Names => QueryPlanTests.Names;

    [PostgresTheory]
    [MemberData(nameof(Names))]
    public void Statement_Planned_SearchesByIndex(string name)
    {
        var statement = QueryPlanTests.Statements().Single(item => item.Name == name).Statement;
        var text = PostgresDialect.Words(statement);
        for (var i = 0; i < statement.Parameters.Length; i++)
            text = Regex.Replace(text, $"{statement.Parameters[i]}\\b", $"$${i + 1}");
        var nulls = statement.Parameters.IsEmpty ? "" : $"({string.Join(", ", statement.Parameters.Select(_ => "NULL"))})";

        // Whatever is switched off is done where no index helps.
        var plan = store.Test.Sql(
            $"""
            SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;
            PREPARE statement AS {text}; EXPLAIN EXECUTE statement {nulls}
            """,
            name.Contains("Log", StringComparison.Ordinal) ? "logs" : "control");

        Assert.NotEmpty(plan);
        // What is removed with a subject is sorted: its events, a batch at a time.
        Assert.DoesNotContain(plan, step => step.Contains("Seq Scan", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, step => step.Contains("Sort", StringComparison.Ordinal) && name != "CommitStatements.PurgeEvents");
    }

    /// <summary>One store for all of them.</summary>
    public sealed class Store : IDisposable
    {
        private readonly Lazy<TestStore> _test = new(() => new TestStore(database: TestDatabase.PostgresConnection()));

        internal TestStore Test => _test.Value;

        public void Dispose()
        {
            if (_test.IsValueCreated)
                _test.Value.Dispose();
        }
    }
}
