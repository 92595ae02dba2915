using System.Collections;
using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Control.Contracts.Errors;
using Orleans;

namespace Control.Contracts.Tests;

/// <summary>Makes a value of any contract type, with every member different, and spells values so that two can be compared.</summary>
internal sealed class ContractSamples
{
    private int _count;

    /// <summary>A value with all members set; generic types are closed over a contract type.</summary>
    public static object Full(Type type) => new ContractSamples().Make(type);

    /// <summary>A value whose members are null or default, as a careless caller or an older version leaves them.</summary>
    public static object Bare(Type type)
    {
        var constructor = Constructor(type);
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => Default(parameter.ParameterType))]);
    }

    /// <summary>Every member that travels, in full depth.</summary>
    public static string Spell(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
        IStructuralEquatable array when IsDefaultArray(array) => "default",
        IDictionary map => $"{{{string.Join(", ", map.Keys.Cast<object>().OrderBy(key => key.ToString(), StringComparer.Ordinal).Select(key => $"{Spell(key)}: {Spell(map[key])}"))}}}",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Spell))}]",
        ControlException fault => $"{fault.Code}: {fault.Message} {Spell(fault.Fields)}",
        _ when value.GetType().IsDefined(typeof(GenerateSerializerAttribute)) && !value.GetType().IsEnum =>
            $"{value.GetType().Name}({string.Join(", ", Members(value.GetType()).Select(member => $"{member.Name} = {Spell(member.GetValue(value))}"))})",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };

    private static IEnumerable<PropertyInfo> Members(Type type) => type.GetProperties().Where(property => property.IsDefined(typeof(IdAttribute)));

    private static bool IsDefaultArray(object array) => array.GetType().GetProperty(nameof(ImmutableArray<int>.IsDefault))?.GetValue(array) is true;

    private static object? Default(Type type) => type.IsValueType ? Activator.CreateInstance(type) : type == typeof(string) ? "" : null;

    // The one that sets most: a record's own, not the one that copies it.
    private static ConstructorInfo Constructor(Type type) =>
        type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(constructor => constructor.GetParameters() is not [var only] || only.ParameterType != type)
            .MaxBy(constructor => constructor.GetParameters().Length)!;

    private object Make(Type type)
    {
        _count++;
        return type switch
        {
            _ when type == typeof(string) => $"text {_count} ß",
            _ when type == typeof(int) => -_count,
            _ when type == typeof(long) => 5_000_000_000L + _count,
            _ when type == typeof(bool) => true,
            _ when type == typeof(double) => _count + 0.125,
            _ when type == typeof(byte) => (byte)_count,
            _ when type == typeof(TimeSpan) => TimeSpan.FromTicks(1_234_567L * _count),
            _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 11, 28, 6, 30, 0, TimeSpan.FromHours(5.5)).AddTicks(_count),
            { IsEnum: true } => Enum.GetValues(type).Cast<object>().Last(),
            { IsArray: true } => Filled(type.GetElementType()!),
            { IsGenericType: true } => MakeGeneric(type, type.GetGenericTypeDefinition()),
            _ => Construct(type),
        };
    }

    private object MakeGeneric(Type type, Type definition)
    {
        var arguments = type.GetGenericArguments();
        if (definition == typeof(Nullable<>)) return Make(arguments[0]);
        if (definition == typeof(ImmutableArray<>)) return Call(typeof(ImmutableArray), nameof(ImmutableArray.Create), arguments, Filled(arguments[0]));
        if (definition == typeof(ImmutableDictionary<,>)) return Call(typeof(ImmutableDictionary), nameof(ImmutableDictionary.CreateRange), arguments, Pairs(arguments));
        if (definition == typeof(ImmutableSortedDictionary<,>)) return Call(typeof(ImmutableSortedDictionary), nameof(ImmutableSortedDictionary.CreateRange), arguments, Pairs(arguments));
        return Construct(type);
    }

    private object Construct(Type type)
    {
        var constructor = Constructor(type);
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => Make(parameter.ParameterType))]);
    }

    private Array Filled(Type element)
    {
        var array = Array.CreateInstance(element, 2);
        for (var i = 0; i < array.Length; i++) array.SetValue(Make(element), i);
        return array;
    }

    private Array Pairs(Type[] arguments) => Filled(typeof(KeyValuePair<,>).MakeGenericType(arguments));

    private static object Call(Type holder, string method, Type[] arguments, Array argument) => holder.GetMethods()
        .Single(one => one.Name == method && one.GetParameters() is [var only] && one.GetGenericArguments().Length == arguments.Length
            && only.ParameterType is { IsGenericType: true } or { IsArray: true } && !only.ParameterType.IsByRefLike)
        .MakeGenericMethod(arguments).Invoke(null, [argument])!;
}
