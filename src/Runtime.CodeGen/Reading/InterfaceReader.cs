using System.Globalization;
using Control.Runtime.CodeGen.Findings;
using Control.Runtime.CodeGen.Models;
using Microsoft.CodeAnalysis;

namespace Control.Runtime.CodeGen.Reading;

/// <summary>Reads one grain interface into a model.</summary>
internal sealed class InterfaceReader
{
    private readonly INamedTypeSymbol _type;
    private readonly List<Finding> _findings = [];

    private InterfaceReader(INamedTypeSymbol type) => _type = type;

    public static InterfaceModel Read(INamedTypeSymbol type) => new InterfaceReader(type).Read();

    private InterfaceModel Read()
    {
        var alias = Names.AliasOf(_type);
        if (alias is null) _findings.Add(Finding.At(_type, Rules.InterfaceWithoutAlias, _type.Name));
        if (_type.IsGenericType) Report(_type, Rules.UnsupportedShape, _type.Name, "the interface is generic");
        var declared = ReadMethods(_type, _findings);
        CheckAliases(declared);
        return new InterfaceModel(
            Names.Full(_type),
            alias ?? _type.Name,
            Names.Generated("Reference", _type),
            new EquatableList<MethodModel>(declared),
            new EquatableList<MethodModel>(_type.AllInterfaces.Where(IsOurs).SelectMany(ReadInherited)),
            new EquatableList<Finding>(_findings));
    }

    private static bool IsOurs(INamedTypeSymbol type) => !Names.Plain(type).StartsWith("Orleans.", StringComparison.Ordinal);

    private List<MethodModel> ReadInherited(INamedTypeSymbol parent)
    {
        if (Names.IsGrainInterface(parent)) return ReadMethods(parent, []);
        Report(_type, Rules.UnsupportedShape, parent.Name, "a grain interface can extend grain interfaces only");
        return [];
    }

    private void CheckAliases(List<MethodModel> methods)
    {
        foreach (var twins in methods.GroupBy(method => method.Alias).Where(group => group.Count() > 1))
        {
            var pair = twins.Take(2).ToArray();
            Report(_type, Rules.DuplicateAlias, $"{_type.Name}.{pair[0].Name}", $"{_type.Name}.{pair[1].Name}", twins.Key);
        }
    }

    private void Report(ISymbol symbol, DiagnosticDescriptor rule, params string[] arguments) =>
        _findings.Add(Finding.At(symbol, rule, arguments));

    private static List<MethodModel> ReadMethods(INamedTypeSymbol type, List<Finding> findings)
    {
        var methods = new List<MethodModel>();
        foreach (var member in type.GetMembers().Where(member => !member.IsStatic))
        {
            if (member is IMethodSymbol { MethodKind: MethodKind.Ordinary } method)
            {
                var before = findings.Count;
                var model = ReadMethod(type, method, findings);
                if (findings.Count == before) methods.Add(model);
            }
            else if (member is IPropertySymbol or IEventSymbol)
            {
                findings.Add(Finding.At(member, Rules.UnsupportedShape, $"{type.Name}.{member.Name}", "only methods can be called across nodes"));
            }
        }

        return methods;
    }

    private static MethodModel ReadMethod(INamedTypeSymbol type, IMethodSymbol method, List<Finding> findings)
    {
        var name = $"{type.Name}.{method.Name}";
        var alias = Names.AliasOf(method);
        if (alias is null) findings.Add(Finding.At(method, Rules.MethodWithoutAlias, name));
        if (method.IsGenericMethod) findings.Add(Finding.At(method, Rules.UnsupportedShape, name, "the method is generic"));
        var result = ReadResult(method, name, findings);
        var overloads = type.GetMembers(method.Name);
        var suffix = overloads.Length == 1 ? "" : "_" + overloads.IndexOf(method).ToString(CultureInfo.InvariantCulture);
        return new MethodModel(
            method.Name,
            alias ?? method.Name,
            Names.Generated("Request", type, $"_{method.Name}{suffix}"),
            Names.Full(type),
            Names.AliasOf(type) ?? type.Name,
            Names.Full(method.ReturnType),
            result is null ? null : Names.Full(result),
            result is null ? null : CodecExpressions.Find(result),
            method.ReturnType.Name == "ValueTask",
            Mixing(method),
            ReadTimeout(method, name, findings),
            new EquatableList<ParameterModel>(ReadParameters(method, name, findings)));
    }

    private static string Mixing(IMethodSymbol method) =>
        Names.Has(method, Names.AlwaysInterleave) ? "Always" : Names.Has(method, Names.ReadOnly) ? "ReadOnly" : "Exclusive";

    private static ITypeSymbol? ReadResult(IMethodSymbol method, string name, List<Finding> findings)
    {
        var type = (INamedTypeSymbol?)(method.ReturnType as INamedTypeSymbol);
        var isTask = type is not null && Names.Plain(type) is "System.Threading.Tasks.Task" or "System.Threading.Tasks.ValueTask";
        if (!isTask) findings.Add(Finding.At(method, Rules.WrongReturnType, name, method.ReturnType.ToDisplayString()));
        if (!isTask || !type!.IsGenericType) return null;
        var result = type.TypeArguments[0];
        if (CodecExpressions.Find(result) is null) findings.Add(Finding.At(method, Rules.NotSerializable, result.ToDisplayString(), name));
        return result;
    }

    private static long? ReadTimeout(IMethodSymbol method, string name, List<Finding> findings)
    {
        var attribute = Names.Find(method.GetAttributes(), Names.ResponseTimeout);
        if (attribute is null) return null;
        if (attribute.ConstructorArguments[0].Value is string text
            && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var timeout)
            && timeout > TimeSpan.Zero)
        {
            return timeout.Ticks;
        }

        findings.Add(Finding.At(method, Rules.UnsupportedShape, name, "[ResponseTimeout] must be a positive time span such as \"00:02:00\""));
        return null;
    }

    private static IEnumerable<ParameterModel> ReadParameters(IMethodSymbol method, string name, List<Finding> findings)
    {
        var tokens = 0;
        foreach (var parameter in method.Parameters)
        {
            var isToken = Names.Plain(parameter.Type) == "System.Threading.CancellationToken";
            var codec = isToken ? null : CodecExpressions.Find(parameter.Type);
            if (isToken && ++tokens > 1) findings.Add(Finding.At(parameter, Rules.UnsupportedShape, name, "it takes more than one cancellation token"));
            if (parameter.RefKind != RefKind.None) findings.Add(Finding.At(parameter, Rules.UnsupportedShape, name, $"'{parameter.Name}' is passed by reference"));
            if (!isToken && codec is null) findings.Add(Finding.At(parameter, Rules.NotSerializable, parameter.Type.ToDisplayString(), $"{name}({parameter.Name})"));
            yield return new ParameterModel(
                Names.Escaped(parameter.Name), Names.Full(parameter.Type), codec, Names.Has(parameter, Names.Immutable) || Sharing.IsShared(parameter.Type));
        }
    }
}
