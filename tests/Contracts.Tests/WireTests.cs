using System.Reflection;
using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Orleans;

namespace Control.Contracts.Tests;

/// <summary>What crosses between silos arrives as it left, and what is handed over inside one is not shared: on both engines.</summary>
public sealed class WireTests
{
    public static TheoryData<Type> Types => [.. typeof(RunId).Assembly.GetTypes()
        .Where(type => type.IsDefined(typeof(GenerateSerializerAttribute)) && !type.IsEnum)
        .Select(type => type.IsGenericTypeDefinition ? type.MakeGenericType(typeof(RunView)) : type)
        .OrderBy(type => type.FullName, StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Types))]
    public void RoundTrip_EveryMemberSet_GivesTheSame(Type type)
    {
        var value = ContractSamples.Full(type);
        Assert.DoesNotContain("null", ContractSamples.Spell(value), StringComparison.Ordinal);
        Assert.Equal(ContractSamples.Spell(value), ContractSamples.Spell(Wire.RoundTrip(value)));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void RoundTrip_MembersLeftOut_GivesTheSame(Type type)
    {
        var value = ContractSamples.Bare(type);
        Assert.Equal(ContractSamples.Spell(value), ContractSamples.Spell(Wire.RoundTrip(value)));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Copy_GivesTheSame_AndSharesOnlyWhatCannotChange(Type type)
    {
        var value = ContractSamples.Full(type);
        var copy = Wire.Copy(value);
        Assert.Equal(ContractSamples.Spell(value), ContractSamples.Spell(copy));
        if (!type.IsValueType) Assert.Equal(type.IsDefined(typeof(ImmutableAttribute)), ReferenceEquals(value, copy));
    }

    [Fact]
    public void Contracts_ButFaults_AreImmutable() => Assert.Equal(
        [nameof(ControlException)],
        typeof(RunId).Assembly.GetTypes()
            .Where(type => type.IsDefined(typeof(GenerateSerializerAttribute)) && !type.IsEnum && !type.IsDefined(typeof(ImmutableAttribute)))
            .Select(type => type.Name));
}
