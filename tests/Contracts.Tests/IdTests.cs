using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Contracts.Tests;

public sealed class IdTests
{
    [Theory]
    [InlineData("shop/web/7/build.compile/2")]
    [InlineData("a/b/1/c.d/1")]
    public void AttemptId_RoundTrips(string text)
    {
        Assert.Equal(text, AttemptId.Parse(text).ToString());
        Assert.Equal($"\"{text}\"", ContractJson.Write(AttemptId.Parse(text)));
        Assert.Equal(AttemptId.Parse(text), ContractJson.Read<AttemptId>($"\"{text}\""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("shop/web/7/build.compile")]
    [InlineData("shop/web/0/build.compile/1")]
    [InlineData("shop/web/-7/build.compile/1")]
    [InlineData("shop/web/7/build/1")]
    [InlineData("shop/web/7/build.compile.x/1")]
    [InlineData("shop/web/7/build.compile/01x")]
    [InlineData("shop/../7/build.compile/1")]
    [InlineData("Shop/web/7/build.compile/1")]
    [InlineData("shop/web/99999999999999999999/build.compile/1")]
    [InlineData("shop/web/7/build.compile/1/2")]
    [InlineData(null)]
    public void AttemptId_Malformed_IsRefused(string? text) => Assert.False(AttemptId.TryParse(text, null, out _));

    [Theory]
    [InlineData("a", true)]
    [InlineData("a-b-9", true)]
    [InlineData("9", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a-", false)]
    [InlineData("A", false)]
    [InlineData("a.b", false)]
    [InlineData("a_b", false)]
    [InlineData("ä", false)]
    [InlineData("a\n", false)]
    public void ResourceName_FollowsItsRule(string name, bool valid) => Assert.Equal(valid, ResourceName.IsValid(name));

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void ResourceName_HasALimit(int length, bool valid) => Assert.Equal(valid, ResourceName.IsValid(new string('a', length)));

    [Fact]
    public void PoolKey_IsCanonical()
    {
        Assert.Equal("docker,linux", PoolKey.Of(["linux", "docker", "linux"]).Value);
        Assert.Equal("*", PoolKey.Of([]).Value);
        Assert.False(PoolKey.TryParse("linux,docker", null, out _));
        Assert.True(PoolKey.TryParse("docker,linux", null, out _));
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("linux", true)]
    [InlineData("docker,linux", true)]
    [InlineData("gpu,linux", false)]
    public void PoolKey_IsServedByAgentsWithAllItsLabels(string pool, bool served) =>
        Assert.Equal(served, PoolKey.Parse(pool).IsServedBy(new HashSet<string> { "linux", "docker" }));

    [Fact]
    public void RunId_Parse_SaysWhatItWants() =>
        Assert.Contains("workspace/pipeline/number", Assert.Throws<FormatException>(() => RunId.Parse("x")).Message, StringComparison.Ordinal);

    [Fact]
    public void PipelineId_OfOneId_IsTheText() => Assert.Equal("shop/web", new PipelineId("shop", "web").ToString());
}
