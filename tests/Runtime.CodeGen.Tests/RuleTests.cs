using Microsoft.CodeAnalysis;

namespace Control.Runtime.CodeGen.Tests;

public sealed class RuleTests
{
    [Theory]
    [InlineData("CTRL0001", """[GenerateSerializer, Alias("a")] public record A([property: Id(0)] int X, int Y);""")]
    [InlineData("CTRL0001", """[GenerateSerializer, Alias("a")] public class A { public int X; }""")]
    [InlineData("CTRL0002", """[GenerateSerializer, Alias("a")] public record A([property: Id(0)] int X, [property: Id(0)] int Y);""")]
    [InlineData("CTRL0003", """[GenerateSerializer] public record A([property: Id(0)] int X);""")]
    [InlineData("CTRL0003", """[GenerateSerializer] public enum A { None }""")]
    [InlineData("CTRL0004", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] void M(); }""")]
    [InlineData("CTRL0004", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] int M(); }""")]
    [InlineData("CTRL0004", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] IAsyncEnumerable<int> M(); }""")]
    [InlineData("CTRL0005", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] Task M(object o); }""")]
    [InlineData("CTRL0005", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] Task<Uri> M(); }""")]
    [InlineData("CTRL0005", """[GenerateSerializer, Alias("a")] public record A([property: Id(0)] IReadOnlyList<int> X);""")]
    [InlineData("CTRL0005", """public enum E { None } [GenerateSerializer, Alias("a")] public record A([property: Id(0)] E X);""")]
    [InlineData("CTRL0005", """public record B(int X); [GenerateSerializer, Alias("a")] public record A([property: Id(0)] ImmutableArray<B> X);""")]
    [InlineData("CTRL0006", """public interface IG : IGrainWithStringKey { [Alias("M")] Task M(); }""")]
    [InlineData("CTRL0007", """[Alias("g")] public interface IG : IGrainWithStringKey { Task M(); }""")]
    [InlineData("CTRL0008", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] Task M(); [Alias("M")] Task N(); }""")]
    [InlineData("CTRL0008", """[GenerateSerializer, Alias("a")] public record A(); [GenerateSerializer, Alias("a")] public record B();""")]
    [InlineData("CTRL0009", """[GenerateSerializer, Alias("a")] public class A { [Id(0)] public int X { get; } }""")]
    [InlineData("CTRL0009", """[GenerateSerializer, Alias("a")] public class A { public A(string other) { } [Id(0)] public int X { get; set; } }""")]
    [InlineData("CTRL0009", """[GenerateSerializer, Alias("a")] public class A { [Id(0)] private int _x = 1; }""")]
    [InlineData("CTRL0010", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] Task M<T>(); }""")]
    [InlineData("CTRL0010", """[Alias("g")] public interface IG<T> : IGrainWithStringKey { [Alias("M")] Task M(); }""")]
    [InlineData("CTRL0010", """[Alias("g")] public interface IG : IGrainWithStringKey { int P { get; } }""")]
    [InlineData("CTRL0010", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] Task M(ref int x); }""")]
    [InlineData("CTRL0010", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] Task M(CancellationToken a, CancellationToken b); }""")]
    [InlineData("CTRL0010", """[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M"), ResponseTimeout("soon")] Task M(); }""")]
    [InlineData("CTRL0010", """public interface IP { Task P(); } [Alias("g")] public interface IG : IGrainWithStringKey, IP { [Alias("M")] Task M(); }""")]
    [InlineData("CTRL0012", """[GenerateSerializer, Alias("a")] public abstract record A(); public record B() : A;""")]
    public void Contract_BreakingARule_IsAnError(string rule, string source)
    {
        var finding = Assert.Single(Generation.Run(source).Findings.DistinctBy(one => one.GetMessage()));
        Assert.Equal(rule, finding.Id);
        Assert.Equal(DiagnosticSeverity.Error, finding.Severity);
    }

    [Fact]
    public void Finding_OfAMember_PointsAtIt()
    {
        var finding = Generation.Run("""[GenerateSerializer, Alias("a")] public class A { public int Missing { get; set; } }""").Findings.Single();
        Assert.Equal(8, finding.Location.GetLineSpan().StartLinePosition.Line + 1);
        Assert.Contains("'Missing'", finding.GetMessage());
    }

    [Theory]
    [InlineData("""[GenerateSerializer, Alias("a")] public record A([property: Id(0)] int X, [property: Id(1)] A? Next, [property: Id(2)] List<A> All);""")]
    [InlineData("""[GenerateSerializer, Alias("a")] internal readonly record struct A([property: Id(0)] string @class) { public int Length => @class.Length; }""")]
    [InlineData("""public class Outer { [GenerateSerializer, Alias("a")] public class A { [Id(0)] public required int X { get; init; } [Id(1)] public int Y { get; init; } = 3; } }""")]
    [InlineData("""[GenerateSerializer, Alias("a")] public record A<T, U>([property: Id(0)] T X, [property: Id(1)] ImmutableArray<U> Y) where T : class where U : notnull; [GenerateSerializer, Alias("b")] public record B([property: Id(0)] A<string, int> X);""")]
    [InlineData("""[Alias("g")] public interface IG : IGrainWithStringKey { [Alias("M")] Task M(int x); [Alias("M2")] Task M(string x); [Alias("V"), ReadOnly] ValueTask V(); [Alias("W"), AlwaysInterleave] ValueTask<int?> W([Immutable] byte[] x, CancellationToken t); } [Alias("h")] public interface IH : IG { [Alias("N"), ResponseTimeout("00:01")] Task<Dictionary<string, int[]>> N(Guid id); }""")]
    public void Contract_KeepingTheRules_Compiles(string source)
    {
        var (findings, errors) = Generation.Run(source);
        Assert.Empty(findings);
        Assert.Empty(errors);
    }
}
