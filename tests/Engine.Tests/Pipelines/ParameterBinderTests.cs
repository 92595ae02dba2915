using System.Collections.Immutable;
using Control.Contracts.Pipelines;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class ParameterBinderTests
{
    private static readonly ImmutableArray<ParameterSpec> Parameters =
    [
        new("TEXT", ParameterType.String, "", "none", []),
        new("COUNT", ParameterType.Number, "", null, []),
        new("FAST", ParameterType.Boolean, "", "false", []),
        new("TARGET", ParameterType.Choice, "", "test", ["test", "live"]),
    ];

    [Fact]
    public void Bind_RequiredOnly_AddsDefaults()
    {
        var bound = ParameterBinder.Bind(Parameters, new Dictionary<string, string> { ["COUNT"] = "-1.50" });

        Assert.Empty(bound.Errors);
        Assert.Equal("COUNT=-1.50,FAST=false,TARGET=test,TEXT=none", string.Join(',', bound.Values.Select(v => $"{v.Key}={v.Value}")));
    }

    [Fact]
    public void Bind_EveryMistake_ReportsAllAtOnce()
    {
        var values = new Dictionary<string, string> { ["FAST"] = "yes", ["TARGET"] = "Live", ["TEXT"] = "a\0b", ["TEXTS"] = "", ["no name"] = "" };

        var errors = ParameterBinder.Bind(Parameters, values).Errors;

        Assert.Equal(
            ["parameters.TEXTS", "parameters['no name']", "parameters.TEXT", "parameters.COUNT", "parameters.FAST", "parameters.TARGET"],
            errors.Select(e => e.Field));
        Assert.Contains("Did you mean 'TEXT'?", errors[0].Message, StringComparison.Ordinal);
        Assert.Contains("required", errors[3].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("-0.5", true)]
    [InlineData("007", true)]
    [InlineData("", false)]
    [InlineData("-", false)]
    [InlineData("1.", false)]
    [InlineData(".5", false)]
    [InlineData("1.2.3", false)]
    [InlineData("1e3", false)]
    [InlineData(" 1", false)]
    [InlineData("١", false)]
    [InlineData("0x1", false)]
    public void Bind_Number_IsDecimal(string value, bool accepted) =>
        Assert.Equal(accepted, ParameterBinder.Bind([Parameters[1]], new Dictionary<string, string> { ["COUNT"] = value }).Errors.IsEmpty);

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public void Bind_LongValue_IsLimitedInBytes(int bytes, bool accepted)
    {
        var value = new string('é', bytes / 2) + new string('x', bytes % 2);

        Assert.Equal(accepted, ParameterBinder.Bind([Parameters[0]], new Dictionary<string, string> { ["TEXT"] = value }).Errors.IsEmpty);
    }

    [Fact]
    public void Bind_HundredThousandUnknown_TellsTheFirstHundred()
    {
        var values = Enumerable.Range(0, 100_000).ToDictionary(i => $"V{i}", _ => "");

        var errors = ParameterBinder.Bind([], values).Errors;

        Assert.Equal(PipelineLimits.Errors, errors.Length);
        Assert.Equal("parameters.V0", errors[0].Field);
    }

    [Fact]
    public void Bind_NullValue_CountsAsNotPassed() =>
        Assert.Equal("none", ParameterBinder.Bind([Parameters[0]], new Dictionary<string, string> { ["TEXT"] = null! }).Values["TEXT"]);
}
