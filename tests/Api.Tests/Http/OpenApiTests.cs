using Control.Api.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Tests.Http;

public sealed class OpenApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Document_Generated_IsTheCheckedInOne()
    {
        using var client = host.Client(null);
        var text = await client.GetStringAsync("/openapi.json");
        var generated = JsonSerializer.Serialize(JsonDocument.Parse(text).RootElement, new JsonSerializerOptions { WriteIndented = true, NewLine = "\n" }) + "\n";
        var path = Path.Combine(Root(), "docs", "openapi.json");
        if (Environment.GetEnvironmentVariable("UPDATE_LISTINGS") == "1")
        {
            await File.WriteAllTextAsync(path, generated);
        }

        Assert.True(generated == await File.ReadAllTextAsync(path), "docs/openapi.json is not what the routes say. Run this test with UPDATE_LISTINGS=1 and review the change.");
    }

    [Fact]
    public async Task Document_EveryOperation_HasANameASummaryAndAProblem()
    {
        using var client = host.Client(null);
        var document = await (await client.GetAsync("/openapi.json")).JsonAsync();
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Select(o => o.Value).ToList();
        Assert.True(operations.Count > 35);
        Assert.All(operations, o =>
        {
            Assert.False(string.IsNullOrEmpty(o.GetProperty("operationId").GetString()));
            Assert.False(string.IsNullOrEmpty(o.GetProperty("summary").GetString()));
            Assert.True(o.GetProperty("responses").GetProperty("default").GetProperty("content").TryGetProperty("application/problem+json", out _));
        });
        Assert.Equal(operations.Count, operations.Select(o => o.GetProperty("operationId").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task Document_AskedForAgain_IsNotMadeAgain()
    {
        var document = host.App.Services.GetRequiredService<OpenApiText>();
        Assert.Same(await document.GetAsync(), await document.GetAsync());
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Directory.Packages.props")))
        {
            directory = directory.Parent;
        }

        return directory.FullName;
    }
}
