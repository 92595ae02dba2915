using System.Text.Json.Nodes;
using Control.Kubernetes.Yaml;

namespace Control.Kubernetes.Tests.Yaml;

public sealed class YamlDocumentTests
{
    [Theory]
    [InlineData("yes", "true")]
    [InlineData("on", "true")]
    [InlineData("N", "false")]
    [InlineData("'yes'", "\"yes\"")]
    [InlineData("yEs", "\"yEs\"")]
    [InlineData("~", "null")]
    [InlineData("null", "null")]
    [InlineData("12", "12")]
    [InlineData("-12", "-12")]
    [InlineData("+12", "12")]
    [InlineData("1_000", "1000")]
    [InlineData("0777", "511")]
    [InlineData("0o777", "511")]
    [InlineData("08", "8")]
    [InlineData("0x1F", "31")]
    [InlineData("0b101", "5")]
    [InlineData("18446744073709551615", "18446744073709551615")]
    [InlineData("1.5", "1.5")]
    [InlineData(".5", "0.5")]
    [InlineData("1e3", "1000")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("100m", "\"100m\"")]
    [InlineData("0xZZ", "\"0xZZ\"")]
    [InlineData("12:30", "\"12:30\"")]
    [InlineData("2001-01-01", "\"2001-01-01\"")]
    [InlineData("!!str 12", "\"12\"")]
    [InlineData("!!int '12'", "12")]
    [InlineData("\"a\\nb\"", "\"a\\nb\"")]
    [InlineData("[1, a, {b: c}]", "[1,\"a\",{\"b\":\"c\"}]")]
    [InlineData("{1: a, on: b, ~: c}", "{\"1\":\"a\",\"true\":\"b\",\"null\":\"c\"}")]
    public void ReadAll_Scalar_AsKubectlSendsIt(string text, string json) =>
        Assert.Equal(json, YamlDocument.ReadAll(text).Single().Root?.ToJsonString() ?? "null");

    [Fact]
    public void ReadAll_ManyDocuments_EachWithItsLineAndEmptyOnesToo()
    {
        var documents = YamlDocument.ReadAll("# first\na: 1\n---\n---\nb: 2\n...\n---\n{\"c\": 3}\n");
        Assert.Equal(["{\"a\":1}", null, "{\"b\":2}", "{\"c\":3}"], documents.Select(document => document.Root?.ToJsonString()));
        Assert.Equal([2, 3, 4, 7], documents.Select(document => document.Line));
        Assert.Empty(YamlDocument.ReadAll("# nothing\n"));
    }

    [Fact]
    public void ReadAll_AnchorsAndMerges_Resolved()
    {
        var root = YamlDocument.ReadAll("base: &base { a: 1, b: 2 }\nother: &other { b: 3, c: 4 }\none: { <<: *base, b: 9 }\nboth: { <<: [*base, *other] }\n").Single().Root!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"a":1,"b":9}"""), root["one"]));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"a":1,"b":2,"c":4}"""), root["both"]));
    }

    [Theory]
    [InlineData("a: 1\na: 2", "twice")]
    [InlineData("a: [1", "not valid YAML")]
    [InlineData("a: .inf", "JSON does not have")]
    [InlineData("a: *b", "no anchor 'b'")]
    [InlineData("a: &a [*a]", "no anchor 'a'")]
    [InlineData("a: !!binary aGk=", "not supported")]
    [InlineData("a: !own b", "not supported")]
    [InlineData("? [a]\n: b", "A key is text")]
    [InlineData("<<: 1", "takes a map")]
    [InlineData("a: \"\\ud800\"", "line 1")]
    public void ReadAll_Wrong_SaysWhereAndWhat(string text, string message) =>
        Assert.Contains(message, Assert.Throws<YamlFault>(() => YamlDocument.ReadAll(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void ReadAll_AliasBomb_Refused()
    {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("stands for more than", Assert.Throws<YamlFault>(() => YamlDocument.ReadAll(bomb)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadAll_AliasesOfALongTextOrOfDepth_Refused()
    {
        var text = $"a: &a {new string('x', 400_000)}\nb: [{string.Join(',', Enumerable.Repeat("*a", 1000))}]";
        Assert.Contains("characters", Assert.Throws<YamlFault>(() => YamlDocument.ReadAll(text)).Message, StringComparison.Ordinal);
        var deep = "a0: &a0 [x]\n" + string.Concat(Enumerable.Range(1, 200).Select(i => $"a{i}: &a{i} [*a{i - 1}]\n"));
        Assert.Contains("levels", Assert.Throws<YamlFault>(() => YamlDocument.ReadAll(deep)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadAll_DeepOrLong_Refused()
    {
        Assert.Contains("levels", Assert.Throws<YamlFault>(() => YamlDocument.ReadAll(new string('[', 5000))).Message, StringComparison.Ordinal);
        Assert.Contains("Split it", Assert.Throws<YamlFault>(() => YamlDocument.ReadAll(new string('a', YamlDocument.LongestText + 1))).Message, StringComparison.Ordinal);
    }
}
