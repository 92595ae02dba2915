using System.Globalization;
using System.Reflection;
using Orleans;
using Orleans.Runtime;

namespace Control.Contracts.Tests;

/// <summary>Writes down what other nodes and stored documents depend on: aliases, member ids, method signatures, enum numbers.</summary>
internal static class ContractListing
{
    public static IEnumerable<string> Of(Assembly assembly) => assembly.GetExportedTypes()
        .Where(type => type.IsDefined(typeof(AliasAttribute)))
        .OrderBy(type => type.FullName, StringComparer.Ordinal)
        .SelectMany(type => Lines(type).Prepend($"{Kind(type)} {Name(type)} \"{Argument<AliasAttribute>(type)}\""));

    private static string Kind(Type type) => type.IsEnum ? "enum" : typeof(IAddressable).IsAssignableFrom(type) ? "grain" : "type";

    private static IEnumerable<string> Lines(Type type) => Kind(type) switch
    {
        "enum" => Enum.GetValues(type).Cast<object>().Select(value =>
            $"  {Convert.ToInt64(value, CultureInfo.InvariantCulture)} {value}"),
        "grain" => type.GetMethods().Select(Method).Order(StringComparer.Ordinal),
        _ => type.GetProperties().Where(property => property.IsDefined(typeof(IdAttribute)))
            .Select(property => (Id: (uint)Argument<IdAttribute>(property)!, property))
            .OrderBy(member => member.Id)
            .Select(member => string.Create(CultureInfo.InvariantCulture, $"  {member.Id} {member.property.Name}: {Name(member.property.PropertyType)}")),
    };

    private static string Method(MethodInfo method)
    {
        var parameters = string.Join(", ", method.GetParameters().Select(parameter => Name(parameter.ParameterType)));
        var marks = method.GetCustomAttributes().Select(mark => mark.GetType().Name.Replace("Attribute", "", StringComparison.Ordinal))
            .Where(mark => mark is "SafeToRetry" or "AlwaysInterleave" or "ReadOnly" or "ResponseTimeout").Order(StringComparer.Ordinal);
        return $"  \"{Argument<AliasAttribute>(method)}\" {method.Name}({parameters}): {Name(method.ReturnType)} {string.Join(' ', marks)}".TrimEnd();
    }

    private static object? Argument<T>(MemberInfo member) => member.GetCustomAttributesData()
        .FirstOrDefault(data => data.AttributeType == typeof(T))?.ConstructorArguments[0].Value;

    private static string Name(Type type) => type.IsGenericType
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}
