using System.Reflection;
using Control.Storage.Databases;
using Control.Storage.Queries.Subjects;

namespace Control.Storage.Tests.Databases;

/// <summary>No statement may read a whole table, however large it grows, nor sort what an index could give in order.</summary>
public sealed class QueryPlanTests : IDisposable
{
    private readonly TestStore _test = new(isSqlite: true);

    public static TheoryData<string> Names { get; } = [.. Statements().Select(item => item.Name)];

    public void Dispose() => _test.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void Statement_Planned_SearchesByIndex(string name)
    {
        var statement = Statements().Single(item => item.Name == name).Statement;
        var file = name.Contains("Log", StringComparison.Ordinal) ? "logs" : "control";
        var plan = _test.Sql($"EXPLAIN QUERY PLAN {statement.Text}", file, [.. statement.Parameters.Select(parameter => (parameter, (object)1))]);
        foreach (var step in plan.Select(row => row.Split('|')[^1]))
        {
            Assert.False(step.StartsWith("SCAN", StringComparison.Ordinal) && !IsSmall(step), $"{name}: {string.Join("; ", plan)}");
            Assert.DoesNotContain("TEMP B-TREE", step, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Queued", "children_queued (queue=?)")]
    [InlineData("Queues", "children_queued (queue>? AND queue<?)")]
    [InlineData("Held", "children_held (holder=?)")]
    [InlineData("Due", "subjects_due (next_wake>? AND next_wake<?)")]
    [InlineData("Orphans", "subjects_owned (owner>? AND owner<?)")]
    [InlineData("Unfinished", "subjects_unfinished (parent=? AND kind=?)")]
    [InlineData("Newest", "COVERING INDEX subjects_of_parent (parent=? AND kind=?)")]
    [InlineData("Oldest", "subjects_of_parent (parent=? AND kind=? AND ordinal>?)")]
    public void WorkStatement_Planned_UsesItsPartialIndex(string name, string index)
    {
        var statement = Statements().Single(item => item.Name == $"WorkStatements.{name}").Statement;
        var plan = _test.Sql($"EXPLAIN QUERY PLAN {statement.Text}", values: [.. statement.Parameters.Select(parameter => (parameter, (object)1))]);
        Assert.Contains(plan, step => step.Contains(index, StringComparison.Ordinal));
    }

    [Fact]
    public void Names_AllStatements_AreThere() => Assert.InRange(Names.Count, 40, 80);

    // The array of states, the queues found so far, one constant row.
    private static bool IsSmall(string step) => step is "SCAN found" or "SCAN CONSTANT ROW" || step.StartsWith("SCAN json_each", StringComparison.Ordinal);

    /// <summary>All statements that both databases share.</summary>
    internal static IEnumerable<(string Name, Statement Statement)> Statements()
    {
        Assembly[] assemblies = [typeof(ControlStore).Assembly, typeof(SubjectQueries).Assembly];
        var fields =
            from type in assemblies.SelectMany(assembly => assembly.GetTypes())
            where type != typeof(Migrator) && !type.IsSubclassOf(typeof(WriteSet))
            from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            where field.FieldType == typeof(Statement)
            let statement = (Statement)field.GetValue(null)!
            where statement.Parameters.Length > 0 || statement.Text.Contains("FROM", StringComparison.Ordinal)
            select ($"{type.Name}.{field.Name}", statement);
        return fields.Concat(ListShape.All.Select(shape => ($"{shape}", SubjectStatements.ListOf(shape))));
    }
}
