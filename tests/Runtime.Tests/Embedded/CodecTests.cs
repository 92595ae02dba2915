using System.Collections.Immutable;
using System.Text.Json;
using Control.Runtime.Codecs;
using Control.Runtime.Tests.Grains;
using ControlCodeGen.Control.Runtime.Tests.Embedded;
using ControlCodeGen.Control.Runtime.Tests.Grains;

namespace Control.Runtime.Tests.Embedded;

public sealed class CodecTests
{
    [Fact]
    public void RoundTrip_EveryShape_GivesTheSame()
    {
        var value = Full();
        var read = Read(Codec_Everything.Instance, Write(Codec_Everything.Instance, value));
        Assert.Equal(JsonSerializer.Serialize(value), JsonSerializer.Serialize(read));
        Assert.Equal(value.Step, read.Step, StepComparer);
        Assert.Equal(value.FrozenMap, read.FrozenMap);
        Assert.True(read.NeverSet.IsDefault);
        Assert.IsType<MatrixStep>(((GroupStep)read.Step!).Steps[1]);
    }

    [Fact]
    public void RoundTrip_Extremes_GivesTheSame()
    {
        var value = new Everything
        {
            SByte = sbyte.MinValue,
            Short = short.MinValue,
            UShort = ushort.MaxValue,
            Int = int.MinValue,
            UInt = uint.MaxValue,
            Long = long.MinValue,
            ULong = ulong.MaxValue,
            Char = char.MaxValue,
            Float = float.Epsilon,
            Double = double.MinValue,
            Frozen = [],
            Decimal = decimal.MinValue,
            Moment = DateTimeOffset.MinValue,
            Time = TimeSpan.MinValue,
            Day = DateOnly.MaxValue,
            Text = "",
            Bytes = [],
        };
        var read = Read(Codec_Everything.Instance, Write(Codec_Everything.Instance, value));
        Assert.Equal(JsonSerializer.Serialize(value), JsonSerializer.Serialize(read));
    }

    [Fact]
    public void Copy_ChangeableParts_SharesNone()
    {
        var value = Full();
        var copy = Codec_Everything.Instance.Copy(value);
        Assert.Equal(JsonSerializer.Serialize(value), JsonSerializer.Serialize(copy));
        Assert.NotSame(value.List, copy.List);
        Assert.NotSame(value.Bytes, copy.Bytes);
        Assert.NotSame(value.Map!["a"], copy.Map!["a"]);
        Assert.NotSame(value.Inner, copy.Inner);
        var steps = (GroupStep)copy.Step!;
        Assert.NotSame(((RunStep)((GroupStep)value.Step!).Steps[0]).Arguments, ((RunStep)steps.Steps[0]).Arguments);
        Assert.Same(value.Sorted, copy.Sorted);
    }

    [Fact]
    public void Read_ByAnOlderVersion_SkipsWhatItDoesNotKnow()
    {
        var newer = new Newer("n", 3, Full(), [new RunStep("a", "b", [])], new() { ["x"] = 1.5 });
        var bytes = Write(Codec_Newer.Instance, newer);
        Assert.Equal(new Today("n", 3), Read(Codec_Today.Instance, bytes));
        Assert.Equal(new Older("n"), Read(Codec_Older.Instance, bytes));
    }

    [Fact]
    public void Read_ByANewerVersion_GivesDefaultsForWhatIsMissing()
    {
        var read = Read(Codec_Newer.Instance, Write(Codec_Older.Instance, new Older("n")));
        Assert.Equal(("n", 0), (read.Name, read.Count));
        Assert.True(read is { Extra: null, Numbers: null, Steps.IsDefault: true });
        var defaults = Read(Codec_Defaults.Instance, Write(Codec_Older.Instance, new Older("n")));
        Assert.Equal(("n", 7), (defaults.Name, defaults.Limit));
        Assert.Equal(["linux"], defaults.Labels);
    }

    [Fact]
    public void RoundTrip_ValuesOtherThanTheInitializers_Win()
    {
        var read = Read(Codec_Defaults.Instance, Write(Codec_Defaults.Instance, new Defaults { Name = "x", Limit = 0, Labels = null! }));
        Assert.Equal(0, read.Limit);
        Assert.Null(read.Labels);
    }

    [Fact]
    public void RoundTrip_Exception_KeepsMessageAndMembers()
    {
        var read = Read(Codec_ContractException.Instance, Write(Codec_ContractException.Instance, new ContractException("code", "text")));
        Assert.Equal(("code", "text"), (read.Code, read.Message));
    }

    [Fact]
    public void RoundTrip_RequestArguments_GivesTheSame()
    {
        var request = new Request_ICallGrain_Keep { Argument0 = new Basket { Items = ["a"], Seal = [1, 2] } };
        var writer = new WireWriter();
        request.WriteArguments(writer);
        var method = new ControlCodeGen.Manifest_Control_Runtime_Tests().Methods.Single(one => one.InterfaceAlias.ToString() == "test.call" && one.Alias == "Keep");
        var read = method.Create();
        var reader = new WireReader(writer.Written);
        read.ReadArguments(ref reader);
        Assert.Equal(["a"], Assert.IsType<Basket>(read.GetArgument(0)).Items);
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Write_ValueThatContainsItself_Fails()
    {
        var value = new Everything();
        value.Inner = value;
        Assert.Throws<WireFormatException>(() => Write(Codec_Everything.Instance, value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Read_CorruptBytes_GivesAValueOrACleanFault(int seed)
    {
        var random = new Random(seed);
        var good = Write(Codec_Everything.Instance, Full());
        for (var i = 0; i < 5_000; i++)
        {
            var bytes = (byte[])good.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0) bytes = bytes[..random.Next(bytes.Length)];
            try
            {
                Read(Codec_Everything.Instance, bytes);
            }
            catch (WireFormatException)
            {
                // The only fault allowed.
            }
        }
    }

    [Fact]
    public void Read_HostileLengthsAndDepths_AreRefused()
    {
        Assert.Throws<WireFormatException>(() => Read(ScalarCodecs.String, [0xFF, 0xFF, 0xFF, 0xFF, 0x07]));
        Assert.Throws<WireFormatException>(() => Read(new ListCodec<int>(ScalarCodecs.Int32), [0xFF, 0xFF, 0xFF, 0xFF, 0x07]));
        Assert.Throws<WireFormatException>(() => Read(Codec_Older.Instance, [.. Enumerable.Repeat((byte)0x54, 100_000)]));
        Assert.Throws<WireFormatException>(() => Read(ScalarCodecs.String, [2, 0xC3, 0x28]));
    }

    private static readonly IEqualityComparer<Step?> StepComparer =
        EqualityComparer<Step?>.Create((a, b) => Describe(a) == Describe(b), step => Describe(step).GetHashCode(StringComparison.Ordinal));

    private static string Describe(Step? step) => step switch
    {
        RunStep run => $"run {run.Name} {run.Command} {string.Join(',', run.Arguments)}",
        MatrixStep matrix => $"matrix {matrix.Name} {matrix.Width} ({string.Join(';', matrix.Steps.Select(Describe))})",
        GroupStep group => $"group {group.Name} ({string.Join(';', group.Steps.Select(Describe))})",
        _ => "none",
    };

    private static byte[] Write<T>(Codec<T> codec, T value)
    {
        var writer = new WireWriter();
        codec.Write(writer, value);
        return writer.Written.ToArray();
    }

    private static T Read<T>(Codec<T> codec, byte[] bytes)
    {
        var reader = new WireReader(bytes);
        return codec.Read(ref reader);
    }

    private static Everything Full() => new()
    {
        Bool = true,
        Byte = 1,
        SByte = -2,
        Short = -3,
        UShort = 4,
        Int = -5,
        UInt = 6,
        Long = -7_000_000_000,
        ULong = 8,
        Char = 'ß',
        Float = 1.5f,
        Double = Math.PI,
        Decimal = 12.3400m,
        Text = "grüße",
        Guid = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"),
        Moment = new DateTimeOffset(2026, 11, 21, 22, 0, 0, TimeSpan.FromHours(-3.5)),
        Time = TimeSpan.FromMilliseconds(-1.5),
        Day = new DateOnly(2026, 11, 21),
        Bytes = [1, 2, 3],
        Maybe = 0,
        Color = Color.Blue,
        Weekday = DayOfWeek.Friday,
        Array = ["a", null, ""],
        List = [1, 2, 3],
        Map = new() { ["a"] = [new ItemId("x")], ["b"] = [] },
        Frozen = ["p", "q"],
        FrozenMap = ImmutableDictionary<ItemId, int>.Empty.Add(new ItemId("k"), 9),
        Sorted = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("b", "1").Add("B", "2"),
        Set = [5],
        FrozenList = [Color.Red, Color.None],
        Page = new Page<ItemId>([new ItemId("i")], "next"),
        Step = new GroupStep("g", [new RunStep("r", "make", ["-j"]), new MatrixStep("m", [], 3)]),
        Inner = new Everything { Text = "inner", Frozen = [] },
        MaybeId = new ItemId("maybe"),
    };
}
