using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Tests.Objects;

public sealed class ObjectTableTests
{
    private readonly FakeCluster _cluster = new();

    [Fact]
    public async Task Table_AsTheServerPrintsIt()
    {
        using var client = _cluster.Client();
        var table = client.TableAsync(FakeCluster.Pods, "web", new ListQuery { Limit = 2, Continue = "at/1" });
        var asked = await _cluster.AnswerAsync(200, """
            {"kind":"Table","metadata":{"continue":"at/3","remainingItemCount":7},
             "columnDefinitions":[{"name":"Name","type":"string","priority":0},{"name":"Restarts","type":"integer","priority":0},{"name":"Node","type":"string","priority":1}],
             "rows":[{"cells":["a",3,"n1"],"object":{"metadata":{"name":"a","namespace":"web","uid":"u","creationTimestamp":"2026-01-02T03:04:05Z"}}}]}
            """);
        Assert.Equal("/at/all/api/v1/namespaces/web/pods?limit=2&continue=at%2F1", asked.Path);
        Assert.Equal("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", asked.Header("Accept")!.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal([new TableColumn("Name", "string", false), new TableColumn("Restarts", "integer", false), new TableColumn("Node", "string", true)], (await table).Columns.AsEnumerable());
        var row = Assert.Single((await table).Rows);
        Assert.Equal((new ObjectKey("web", "a"), "u", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)), (row.Key, row.Uid, row.CreatedAt!.Value));
        Assert.Equal(["a", "3", "n1"], row.Cells.Select(cell => cell.ToString()));
        Assert.Equal(("at/3", 7L), ((await table).Continue, (await table).Remaining!.Value));
    }

    [Theory]
    [InlineData("""{"kind":"PodList","items":[{"metadata":{"name":"a"}}]}""", "a")]
    [InlineData("""{"kind":"PodList","items":null}""", "")]
    public async Task Table_OfAServerThatKnowsNone_HasNames(string list, string names)
    {
        using var client = _cluster.Client();
        var table = client.TableAsync(FakeCluster.Pods, "", new ListQuery());
        await _cluster.AnswerAsync(200, list);
        Assert.Equal(names, string.Join(',', (await table).Rows.Select(row => row.Cells[0].GetString())));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"kind":"Status","items":3}""")]
    [InlineData("<html>")]
    public async Task Table_OfSomethingElse_IsNoEmptyPage(string body)
    {
        using var client = _cluster.Client();
        var table = client.TableAsync(FakeCluster.Pods, "", new ListQuery());
        await _cluster.AnswerAsync(200, body);
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => table)).IsUnreachable);
    }
}
