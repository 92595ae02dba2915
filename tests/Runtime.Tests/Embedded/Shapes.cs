using System.Collections.Immutable;
using Orleans;

namespace Control.Runtime.Tests.Embedded;

[GenerateSerializer, Alias("test.color")]
public enum Color : byte
{
    None = 0,
    Red = 1,
    Blue = 200,
}

[GenerateSerializer, Immutable, Alias("test.id")]
public readonly record struct ItemId([property: Id(0)] string Value);

[GenerateSerializer, Alias("test.page`1")]
public sealed record Page<T>([property: Id(0)] ImmutableArray<T> Items, [property: Id(1)] string? Next);

[GenerateSerializer, Alias("test.step")]
public abstract record Step([property: Id(0)] string Name);

[GenerateSerializer, Alias("test.run")]
public sealed record RunStep(string Name, [property: Id(0)] string Command, [property: Id(1)] List<string> Arguments) : Step(Name);

[GenerateSerializer, Alias("test.group")]
public record GroupStep(string Name, [property: Id(0)] ImmutableArray<Step> Steps) : Step(Name);

[GenerateSerializer, Alias("test.matrix")]
public sealed record MatrixStep(string Name, ImmutableArray<Step> Steps, [property: Id(0)] int Width) : GroupStep(Name, Steps);

[GenerateSerializer, Alias("test.everything")]
public sealed class Everything
{
    [Id(0)] public bool Bool { get; set; }
    [Id(1)] public byte Byte { get; set; }
    [Id(2)] public sbyte SByte { get; set; }
    [Id(3)] public short Short { get; set; }
    [Id(4)] public ushort UShort { get; set; }
    [Id(5)] public int Int { get; set; }
    [Id(6)] public uint UInt { get; set; }
    [Id(7)] public long Long { get; set; }
    [Id(8)] public ulong ULong { get; set; }
    [Id(9)] public char Char { get; set; }
    [Id(10)] public float Float { get; set; }
    [Id(11)] public double Double { get; set; }
    [Id(12)] public decimal Decimal { get; set; }
    [Id(13)] public string? Text { get; set; }
    [Id(14)] public Guid Guid { get; set; }
    [Id(15)] public DateTimeOffset Moment { get; set; }
    [Id(16)] public TimeSpan Time { get; set; }
    [Id(17)] public DateOnly Day { get; set; }
    [Id(18)] public byte[]? Bytes { get; set; }
    [Id(19)] public int? Maybe { get; set; }
    [Id(20)] public int? Nothing { get; set; }
    [Id(21)] public Color Color { get; set; }
    [Id(22)] public DayOfWeek Weekday { get; set; }
    [Id(23)] public string?[]? Array { get; set; }
    [Id(24)] public List<int>? List { get; set; }
    [Id(25)] public Dictionary<string, List<ItemId>>? Map { get; set; }
    [Id(26)] public ImmutableArray<string> Frozen { get; set; }
    [Id(27), System.Text.Json.Serialization.JsonIgnore] public ImmutableArray<string> NeverSet { get; set; }
    [Id(28), System.Text.Json.Serialization.JsonIgnore] public ImmutableDictionary<ItemId, int>? FrozenMap { get; set; }
    [Id(29)] public ImmutableSortedDictionary<string, string>? Sorted { get; set; }
    [Id(30)] public ImmutableHashSet<int>? Set { get; set; }
    [Id(31)] public ImmutableList<Color>? FrozenList { get; set; }
    [Id(32)] public Page<ItemId>? Page { get; set; }
    [Id(33)] public Step? Step { get; set; }
    [Id(34)] public Everything? Inner { get; set; }
    [Id(35)] public ItemId? MaybeId { get; set; }
}

/// <summary>A message of today, and the same message as an older and a newer version know it.</summary>
[GenerateSerializer, Alias("test.today")]
public sealed record Today([property: Id(0)] string Name, [property: Id(2)] int Count);

[GenerateSerializer, Alias("test.older")]
public sealed record Older([property: Id(0)] string Name);

[GenerateSerializer, Alias("test.newer")]
public sealed record Newer(
    [property: Id(0)] string Name,
    [property: Id(2)] int Count,
    [property: Id(3)] Everything? Extra,
    [property: Id(4)] ImmutableArray<Step> Steps,
    [property: Id(5)] Dictionary<string, double>? Numbers);

[GenerateSerializer, Alias("test.defaults")]
public sealed class Defaults
{
    [Id(0)] public string Name { get; init; } = "";
    [Id(1)] public int Limit { get; init; } = 7;
    [Id(2)] public List<string> Labels { get; init; } = ["linux"];
}

[GenerateSerializer, Alias("test.fault")]
public sealed class ContractException(string code, string message) : Exception(message)
{
    [Id(0)]
    public string Code { get; } = code;
}
