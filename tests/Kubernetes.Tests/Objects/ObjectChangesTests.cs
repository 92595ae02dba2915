using System.Text;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Tests.Objects;

public sealed class ObjectChangesTests
{
    [Theory]
    [InlineData("""{"spec":{"replicas":1}}""", """{"spec":{"replicas":2}}""", "spec.replicas: 1 > 2")]
    [InlineData("""{"spec":{"a":1}}""", """{"spec":{"b":{"c":[1]}}}""", "spec.a: 1 > ;spec.b.c:  > [1]")]
    [InlineData("""{"spec":{"list":[{"image":"a"},{"image":"b"}]}}""", """{"spec":{"list":[{"image":"a"},{"image":"c"}]}}""", "spec.list[1].image: b > c")]
    [InlineData("""{"spec":{"list":[1]}}""", """{"spec":{"list":[1,2]}}""", "spec.list: [1] > [1,2]")]
    [InlineData("""{"spec":{"n":1.0}}""", """{"spec":{"n":1}}""", "")]
    [InlineData("""{"spec":{"n":"1"}}""", """{"spec":{"n":1}}""", "spec.n: 1 > 1")]
    [InlineData("""{"metadata":{"annotations":{"a/b":"x","c":"y"}}}""", """{"metadata":{}}""", "metadata.annotations.a/b: x > ;metadata.annotations.c: y > ")]
    [InlineData("""{"spec":{"a":{"b":1}}}""", """{"spec":{"a":{}}}""", "spec.a.b: 1 > ")]
    [InlineData("""{"spec":{"a":{"b":1}}}""", """{"spec":{"a":2}}""", "spec.a: {\"b\":1} > 2")]
    [InlineData("""{"spec":{}}""", """{"spec":{"empty":{}}}""", "spec.empty:  > {}")]
    [InlineData("""{"metadata":{"labels":{"a.b/c":"x"},"resourceVersion":"1","managedFields":[1],"generation":1}}""", """{"metadata":{"labels":{"a.b/c":"y"},"resourceVersion":"2","managedFields":[2],"generation":2},"status":{"ready":true}}""", "metadata.labels['a.b/c']: x > y")]
    public void Between_TwoStates_WhatPeopleChanged(string before, string after, string expected) =>
        Assert.Equal(expected, string.Join(';', ObjectChanges.Between(Object(before), Object(after)).Select(change => $"{change.Path}: {change.Before} > {change.After}")));

    [Fact]
    public void Between_NothingAndAnObject_EveryFieldButTheBookkeeping()
    {
        var changes = ObjectChanges.Between(null, Object("""{"metadata":{"name":"a","uid":"u","creationTimestamp":"x"},"spec":{"b":1},"status":{}}"""));
        Assert.Equal(["apiVersion", "kind", "metadata.name", "spec.b"], changes.Select(change => change.Path));
        Assert.All(changes, change => Assert.Null(change.Before));
    }

    [Fact]
    public void Between_ManyDifferences_IsBounded()
    {
        var many = $"{{\"data\":{{{string.Join(',', Enumerable.Range(0, 1000).Select(i => $"\"k{i}\":\"v\""))}}}}}";
        Assert.Equal(ObjectChanges.Most, ObjectChanges.Between(Object("{}"), Object(many)).Length);
        Assert.Equal(ObjectChanges.Most, ObjectChanges.Between(Object("""{"data":{}}"""), Object(many)).Length);
    }

    [Theory]
    [InlineData("""{"data":{"password":"czNjcjN0"},"type":"Opaque"}""")]
    [InlineData("""{"stringData":{"password":"s3cr3t"}}""")]
    [InlineData("""{"data":"czNjcjN0"}""")]
    [InlineData("""{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"stringData\":{\"password\":\"s3cr3t\"}}","a":"b"}}}""")]
    public void Hide_OfASecret_LeavesNoValue(string json)
    {
        var text = Encoding.UTF8.GetString(SecretValues.Hide(Object(json, "Secret")).Span);
        Assert.DoesNotContain("s3cr3t", text, StringComparison.Ordinal);
        Assert.DoesNotContain("czNjcjN0", text, StringComparison.Ordinal);
        Assert.Equal(json.Contains("\"a\":\"b\"", StringComparison.Ordinal), text.Contains("\"a\":\"b\"", StringComparison.Ordinal));
        Assert.Equal(json.Contains(":{\"password", StringComparison.Ordinal), text.Contains("password\":null", StringComparison.Ordinal));
    }

    [Fact]
    public void Hide_OfAnotherKind_ChangesNothing()
    {
        var map = Object("""{"data":{"key":"value"}}""");
        Assert.Equal(map.Json, SecretValues.Hide(map));
    }

    [Theory]
    [InlineData("data.password", true)]
    [InlineData("data", true)]
    [InlineData("stringData['a.b']", true)]
    [InlineData("data['a.b']", true)]
    [InlineData("metadata.annotations['kubectl.kubernetes.io/last-applied-configuration']", true)]
    [InlineData("dataSource.name", false)]
    [InlineData("type", false)]
    public void IsValue_OfAPath(string path, bool expected) => Assert.Equal(expected, SecretValues.IsValue(path));

    private static KubernetesObject Object(string json, string kind = "Thing") =>
        KubernetesObject.Parse(Encoding.UTF8.GetBytes($$"""{"apiVersion":"v1","kind":"{{kind}}"{{(json == "{}" ? "" : ",")}}{{json[1..]}}"""));
}
