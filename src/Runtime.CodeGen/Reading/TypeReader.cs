using Control.Runtime.CodeGen.Findings;
using Control.Runtime.CodeGen.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using TypeKind = Control.Runtime.CodeGen.Models.TypeKind;

namespace Control.Runtime.CodeGen.Reading;

/// <summary>Reads one type marked [GenerateSerializer] into a model.</summary>
internal sealed class TypeReader
{
    private readonly INamedTypeSymbol _type;
    private readonly List<Finding> _findings = [];
    private bool _incomplete;

    private TypeReader(INamedTypeSymbol type) => _type = type;

    public static TypeModel Read(INamedTypeSymbol type) => new TypeReader(type).Read();

    /// <summary>The fault of a class that derives from a contract type and is none itself; null when all is well.</summary>
    public static Finding? CheckDerived(INamedTypeSymbol type)
    {
        if (type.BaseType is not { } parent || Names.Has(type, Names.GenerateSerializer)) return null;
        return Names.Has(parent, Names.GenerateSerializer) && !IsException(parent)
            ? Finding.At(type, Rules.UnknownDerived, type.Name, parent.Name)
            : null;
    }

    private TypeModel Read()
    {
        var alias = Names.AliasOf(_type);
        if (alias is null) _findings.Add(Finding.At(_type, Rules.TypeWithoutAlias, _type.Name));
        var isEnum = _type.TypeKind == Microsoft.CodeAnalysis.TypeKind.Enum;
        var levels = isEnum ? [] : ReadLevels();
        var members = levels.SelectMany(level => level.Members).ToList();
        var construction = isEnum || _type.IsAbstract || _incomplete ? [] : FindConstruction(members);
        return new TypeModel(
            Names.Full(_type),
            Names.Generated("Codec", _type),
            alias ?? _type.Name,
            Chain().Skip(1).FirstOrDefault() is { } parent ? Names.Full(parent) : null,
            isEnum ? TypeKind.Enum : _type.IsValueType ? TypeKind.Struct : _type.IsAbstract ? TypeKind.Abstract : TypeKind.Class,
            Sharing.IsShared(_type),
            new EquatableList<string>(_type.TypeParameters.Select(parameter => parameter.Name)),
            string.Concat(_type.TypeParameters.Select(Constraint)),
            new EquatableList<LevelModel>(levels),
            new EquatableList<string>(construction),
            HasSeed(members, construction),
            new EquatableList<Finding>(_findings));
    }

    private static bool IsException(ITypeSymbol type)
    {
        for (var part = type; part is not null; part = part.BaseType)
        {
            if (Names.Plain(part) == "System.Exception") return true;
        }

        return false;
    }

    private static string Constraint(ITypeParameterSymbol parameter)
    {
        var parts = new List<string>();
        if (parameter.HasUnmanagedTypeConstraint) parts.Add("unmanaged");
        else if (parameter.HasValueTypeConstraint) parts.Add("struct");
        else if (parameter.HasReferenceTypeConstraint) parts.Add("class");
        else if (parameter.HasNotNullConstraint) parts.Add("notnull");
        parts.AddRange(parameter.ConstraintTypes.Select(Names.Full));
        if (parameter.HasConstructorConstraint) parts.Add("new()");
        return parts.Count == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", parts)}";
    }

    /// <summary>The type and its bases that have codecs, the type first.</summary>
    private IEnumerable<INamedTypeSymbol> Chain()
    {
        for (INamedTypeSymbol? part = _type; part is not null; part = part.BaseType)
        {
            if (Names.Has(part, Names.GenerateSerializer)) yield return part;
        }
    }

    private List<LevelModel> ReadLevels()
    {
        var levels = new List<LevelModel>();
        if (IsException(_type)) levels.Add(ExceptionLevel());
        foreach (var part in Chain().Reverse())
        {
            if (!SymbolEqualityComparer.Default.Equals(part.ContainingAssembly, _type.ContainingAssembly))
            {
                _findings.Add(Finding.At(_type, Rules.ForeignBase, _type.Name, part.Name));
            }

            levels.Add(new LevelModel(new EquatableList<MemberModel>(ReadMembers(part))));
        }

        return levels;
    }

    private static LevelModel ExceptionLevel() => new(new EquatableList<MemberModel>(
        [new MemberModel("Message", "string", 1, CodecExpressions.OfString, IsShared: true)]));

    private List<MemberModel> ReadMembers(INamedTypeSymbol part)
    {
        var members = new List<MemberModel>();
        foreach (var member in DataMembers(part))
        {
            var id = Names.Find(member.GetAttributes(), Names.Id);
            if (id is null)
            {
                ReportOnce(part, Finding.At(member, Rules.MemberWithoutId, member.Name, part.Name));
                continue;
            }

            var number = (uint)id.ConstructorArguments[0].Value! + 1;
            if (members.Find(other => other.Number == number) is { } twin)
            {
                ReportOnce(part, Finding.At(member, Rules.DuplicateId, twin.Name, member.Name, part.Name));
                continue;
            }

            if (ReadMember(part, member, number) is { } model) members.Add(model);
        }

        return members;
    }

    private MemberModel? ReadMember(INamedTypeSymbol part, ISymbol member, uint number)
    {
        var type = member is IPropertySymbol property ? property.Type : ((IFieldSymbol)member).Type;
        var codec = CodecExpressions.Find(type);
        if (codec is null)
        {
            ReportOnce(part, Finding.At(member, Rules.NotSerializable, type.ToDisplayString(), $"{part.Name}.{member.Name}"));
            return null;
        }

        if (IsReadable(member))
        {
            var shared = Names.Has(member, Names.Immutable) || Sharing.IsShared(type);
            return new MemberModel(Names.Escaped(member.Name), Names.Full(type), number, codec, shared);
        }

        ReportOnce(part, Finding.At(member, Rules.NotConstructible, part.Name, $"'{member.Name}' cannot be read; make it public or internal"));
        return null;
    }

    // A base's findings are reported where the base itself is read.
    private void ReportOnce(INamedTypeSymbol part, Finding finding)
    {
        _incomplete = true;
        if (SymbolEqualityComparer.Default.Equals(part, _type)) _findings.Add(finding);
    }

    private static IEnumerable<ISymbol> DataMembers(INamedTypeSymbol part)
    {
        foreach (var member in part.GetMembers())
        {
            if (member.IsStatic) continue;
            if (member is IFieldSymbol field && field.AssociatedSymbol is not null) yield return field.AssociatedSymbol;
            else if (member is IFieldSymbol { IsImplicitlyDeclared: false }) yield return member;
            else if (member is IPropertySymbol property && Names.Has(property, Names.Id) && !HasBackingField(part, property)) yield return property;
        }
    }

    private static bool HasBackingField(INamedTypeSymbol part, IPropertySymbol property) =>
        part.GetMembers().OfType<IFieldSymbol>().Any(field => SymbolEqualityComparer.Default.Equals(field.AssociatedSymbol, property));

    private static bool IsReadable(ISymbol member) => member switch
    {
        IPropertySymbol property => property.GetMethod is { } getter && IsReachable(getter),
        _ => IsReachable(member),
    };

    private static bool IsReachable(ISymbol member) =>
        member.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal;

    /// <summary>The names of the members that the constructor takes: the longest one all of whose parameters are members.</summary>
    private List<string> FindConstruction(List<MemberModel> members)
    {
        var best = _type.InstanceConstructors
            .Where(constructor => IsReachable(constructor) && !IsCopyConstructor(constructor))
            .Select(constructor => constructor.Parameters.Select(parameter => MemberFor(parameter, members)).ToList())
            .Where(names => !names.Contains(null))
            .OrderByDescending(names => names.Count)
            .FirstOrDefault();
        if (best is null)
        {
            _findings.Add(Finding.At(_type, Rules.NotConstructible, _type.Name, "give it a constructor whose parameters are its members"));
            return [];
        }

        var taken = best.Select(name => name!).ToList();
        foreach (var member in members.Where(member => !taken.Contains(member.Name))) CheckSettable(member);
        return taken;
    }

    private bool IsCopyConstructor(IMethodSymbol constructor) =>
        constructor.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(constructor.Parameters[0].Type, _type);

    private static string? MemberFor(IParameterSymbol parameter, List<MemberModel> members) => members
        .Find(member => string.Equals(member.Name.TrimStart('@'), parameter.Name, StringComparison.OrdinalIgnoreCase)
            && member.Type == Names.Full(parameter.Type))?.Name;

    private void CheckSettable(MemberModel member)
    {
        for (INamedTypeSymbol? part = _type; part is not null; part = part.BaseType)
        {
            var symbol = part.GetMembers(member.Name.TrimStart('@')).FirstOrDefault();
            if (symbol is null) continue;
            var settable = symbol is IPropertySymbol property
                ? property.SetMethod is { } setter && IsReachable(setter)
                : symbol is IFieldSymbol { IsReadOnly: false };
            if (!settable) _findings.Add(Finding.At(symbol, Rules.NotConstructible, _type.Name, $"'{symbol.Name}' is neither settable nor a constructor's parameter"));
            return;
        }
    }

    /// <summary>Whether a member outside of the constructor has an initializer in the source, which a missing one shall keep.</summary>
    private bool HasSeed(List<MemberModel> members, List<string> construction) =>
        construction.Count == 0 && !_type.IsAbstract && members.Count > 0
        && !_type.GetMembers().Any(member => member is IPropertySymbol { IsRequired: true } or IFieldSymbol { IsRequired: true })
        && _type.GetMembers().OfType<IPropertySymbol>().Any(HasInitializer);

    private static bool HasInitializer(IPropertySymbol property) =>
        property.DeclaringSyntaxReferences.Any(reference => reference.GetSyntax() is PropertyDeclarationSyntax { Initializer: not null });
}
