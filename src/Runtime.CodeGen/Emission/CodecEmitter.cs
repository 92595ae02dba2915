using Control.Runtime.CodeGen.Models;
using Control.Runtime.CodeGen.Reading;

namespace Control.Runtime.CodeGen.Emission;

/// <summary>Writes the codec class of one type.</summary>
internal sealed class CodecEmitter
{
    private const string Codecs = "global::Control.Runtime.Codecs.";

    private readonly TypeModel _type;
    private readonly IReadOnlyList<TypeModel> _children;
    private readonly IReadOnlyList<TypeModel> _descendants;
    private readonly List<(MemberModel Member, int Level, string Field)> _members = [];
    private readonly SourceBuilder _source;

    private CodecEmitter(TypeModel type, IReadOnlyList<TypeModel> children, IReadOnlyList<TypeModel> descendants)
    {
        _type = type;
        _children = children;
        _descendants = descendants;
        _source = SourceBuilder.In(type.Codec.Namespace);
        for (var level = 0; level < type.Levels.Count; level++)
        {
            foreach (var member in type.Levels[level].Members) _members.Add((member, level, $"_codec{_members.Count}"));
        }
    }

    /// <summary>The source of a type's codec.</summary>
    /// <param name="type">The type.</param>
    /// <param name="all">All types of the assembly, among them those that derive from it.</param>
    public static string Emit(TypeModel type, IReadOnlyList<TypeModel> all)
    {
        var children = all.Where(other => other.BaseFullName == type.FullName).ToList();
        var descendants = new List<TypeModel>(children);
        for (var i = 0; i < descendants.Count; i++) descendants.AddRange(all.Where(other => other.BaseFullName == descendants[i].FullName));
        return new CodecEmitter(type, children, descendants).Emit();
    }

    private bool IsGeneric => _type.TypeParameters.Count > 0;

    private bool IsClass => _type.Kind is TypeKind.Class or TypeKind.Abstract;

    private string Parameters => IsGeneric ? $"<{string.Join(", ", _type.TypeParameters)}>" : "";

    private string Emit()
    {
        var access = _type.Codec.IsPublic ? "public" : "internal";
        var head = $"{access} sealed class {_type.Codec.Name}{Parameters} : {Codecs}Codec<{_type.FullName}>{_type.Constraints}";
        _source.Block(head, () =>
        {
            EmitFields();
            _source.Line($"public override bool IsShared => {(_type.IsShared ? "true" : "false")};");
            _source.Line($"public override {Codecs}WireType Wire => {Codecs}WireType.Object;");
            EmitCopy();
            EmitWrite();
            EmitRead();
        });
        return _source.ToString();
    }

    private void EmitFields()
    {
        if (!IsGeneric)
        {
            _source.Line($"public static readonly {_type.Codec.Name} Instance = new {_type.Codec.Name}();");
            foreach (var (member, _, field) in _members) _source.Line($"private static readonly {Codecs}Codec<{member.Type}> {field} = {member.Codec};");
            return;
        }

        foreach (var parameter in _type.TypeParameters)
        {
            _source.Line($"private readonly {Codecs}Codec<{parameter}> {CodecExpressions.ParameterField(parameter)};");
        }

        foreach (var (member, _, field) in _members) _source.Line($"private readonly {Codecs}Codec<{member.Type}> {field};");
        var arguments = _type.TypeParameters.Select(parameter => $"{Codecs}Codec<{parameter}> codecOf{parameter}");
        _source.Block($"public {_type.Codec.Name}({string.Join(", ", arguments)})", () =>
        {
            foreach (var parameter in _type.TypeParameters) _source.Line($"{CodecExpressions.ParameterField(parameter)} = codecOf{parameter};");
            foreach (var (member, _, field) in _members) _source.Line($"{field} = {member.Codec};");
        });
    }

    private void EmitCopy()
    {
        if (_type.IsShared) return;
        _source.Block($"public override {_type.FullName} Copy({_type.FullName} value)", () =>
        {
            if (IsClass) _source.Line("if (value is null) return null;");
            EmitChildren(child => $"return {child.Codec.FullName}.Instance.Copy(derived);");
            if (_type.Kind == TypeKind.Abstract)
            {
                _source.Line($"throw new {Codecs}WireFormatException($\"{{value.GetType()}} is no contract type.\");");
                return;
            }

            _source.Line("global::System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();");
            _source.Line($"return {Construct(CopyOf)};");
        });
    }

    private static string CopyOf((MemberModel Member, int Level, string Field) entry) =>
        entry.Member.IsShared ? $"value.{entry.Member.Name}" : $"{entry.Field}.Copy(value.{entry.Member.Name})";

    // Types that derive from this one go to their own codecs. They exclude each other, so the order does not matter.
    private void EmitChildren(Func<TypeModel, string> statement)
    {
        if (_children.Count == 0) return;
        _source.Block("switch (value)", () =>
        {
            foreach (var child in _children) _source.Line($"case {child.FullName} derived: {statement(child)}");
        });
    }

    private string Construct(Func<(MemberModel Member, int Level, string Field), string> valueOf)
    {
        var arguments = _type.Construction.Select(name => valueOf(_members.Last(entry => entry.Member.Name == name)));
        var rest = _members
            .Where(entry => !_type.Construction.Contains(entry.Member.Name) && !IsExceptionMessage(entry))
            .Select(entry => $"{entry.Member.Name} = {valueOf(entry)}")
            .ToList();
        var initializer = rest.Count == 0 ? "" : $" {{ {string.Join(", ", rest)} }}";
        return $"new {_type.FullName}({string.Join(", ", arguments)}){initializer}";
    }

    // An exception whose constructor takes no message makes its own.
    private bool IsExceptionMessage((MemberModel Member, int Level, string Field) entry) =>
        entry.Level == 0 && entry.Member.Name == "Message" && _type.Levels.Count > 1;

    private void EmitWrite()
    {
        _source.Block($"public override void Write({Codecs}WireWriter writer, {_type.FullName} value)", () =>
        {
            EmitChildren(child => $"{child.Codec.FullName}.Instance.WriteNamed(writer, derived); return;");
            if (_type.Kind == TypeKind.Abstract)
            {
                _source.Line($"throw new {Codecs}WireFormatException($\"{{value.GetType()}} is no contract type.\");");
                return;
            }

            _source.Line("writer.BeginObject();").Line("WriteMembers(writer, value);").Line("writer.EndObject();");
        });
        if (_type.BaseFullName is not null) EmitWriteNamed();
        if (_type.Kind != TypeKind.Abstract) EmitWriteMembers();
    }

    private void EmitWriteNamed() => _source.Block($"internal void WriteNamed({Codecs}WireWriter writer, {_type.FullName} value)", () =>
    {
        EmitChildren(child => $"{child.Codec.FullName}.Instance.WriteNamed(writer, derived); return;");
        if (_type.Kind == TypeKind.Abstract)
        {
            _source.Line($"throw new {Codecs}WireFormatException($\"{{value.GetType()}} is no contract type.\");");
            return;
        }

        _source.Line("writer.BeginObject();").Line($"writer.WriteTag(0, {Codecs}WireType.Bytes);");
        _source.Line($"writer.WriteString({Literal(_type.Alias)});").Line("WriteMembers(writer, value);").Line("writer.EndObject();");
    });

    private void EmitWriteMembers() => _source.Block($"private void WriteMembers({Codecs}WireWriter writer, {_type.FullName} value)", () =>
    {
        var level = 0;
        foreach (var (member, memberLevel, field) in _members)
        {
            for (; level < memberLevel; level++) _source.Line("writer.WriteBorder();");
            _source.Line($"{field}.WriteMember(writer, {member.Number}, value.{member.Name});");
        }

        for (; level < _type.Levels.Count - 1; level++) _source.Line("writer.WriteBorder();");
    });

    private void EmitRead()
    {
        _source.Block($"public override {_type.FullName} Read(ref {Codecs}WireReader reader)", () =>
        {
            _source.Line("reader.Enter();").Line("var tag = reader.ReadTag();");
            _source.Line($"{_type.FullName} value;");
            _source.Block($"if (tag.Number == 0 && tag.Wire == {Codecs}WireType.Bytes)", () =>
            {
                _source.Line("var alias = reader.ReadString();").Line("tag = reader.ReadTag();");
                _source.Block("switch (alias)", () =>
                {
                    foreach (var type in _descendants.Concat([_type]).Where(type => type.Kind != TypeKind.Abstract)) EmitReadNamed(type);
                    _source.Line($"default: throw reader.Corrupt(\"it names an unknown kind of {_type.Codec.Name}\");");
                });
            });
            _source.Line(_type.Kind == TypeKind.Abstract
                ? $"else throw reader.Corrupt(\"it names no kind of {_type.Codec.Name}\");"
                : "else value = ReadMembers(ref reader, tag);");
            _source.Line("reader.Leave();").Line("return value;");
        });
        if (_type.Kind != TypeKind.Abstract) EmitReadMembers();
    }

    private void EmitReadNamed(TypeModel type)
    {
        var codec = ReferenceEquals(type, _type) ? "" : type.Codec.FullName + ".Instance.";
        _source.Line($"case {Literal(type.Alias)}: value = {codec}ReadMembers(ref reader, tag); break;");
    }

    private void EmitReadMembers()
    {
        var head = $"internal {_type.FullName} ReadMembers(ref {Codecs}WireReader reader, (uint Number, {Codecs}WireType Wire) tag)";
        _source.Block(head, () =>
        {
            if (_type.HasSeed) _source.Line($"var seed = new {_type.FullName}();");
            for (var i = 0; i < _members.Count; i++)
            {
                var start = _type.HasSeed ? $"seed.{_members[i].Member.Name}" : "default";
                _source.Line($"{_members[i].Member.Type} member{i} = {start};");
            }

            for (var level = 0; level < _type.Levels.Count; level++)
            {
                if (level > 0) _source.Line($"if (tag.Wire != {Codecs}WireType.End) tag = reader.ReadTag();");
                EmitReadLevel(level);
            }

            // A newer version may have types between this one and those that derive from it.
            _source.Line($"if (tag.Wire != {Codecs}WireType.End) reader.SkipToEnd();");
            _source.Line($"return {Construct(entry => "member" + _members.IndexOf(entry))};");
        });
    }

    private void EmitReadLevel(int level) => _source.Block(
        $"while (tag.Wire != {Codecs}WireType.End && !(tag.Number == 0 && tag.Wire == {Codecs}WireType.Null))",
        () =>
        {
            _source.Block("switch (tag.Number)", () =>
            {
                for (var i = 0; i < _members.Count; i++)
                {
                    if (_members[i].Level != level) continue;
                    _source.Line($"case {_members[i].Member.Number}: member{i} = {_members[i].Field}.ReadMember(ref reader, tag.Wire); break;");
                }

                _source.Line("default: reader.Skip(tag.Wire); break;");
            });
            _source.Line("tag = reader.ReadTag();");
        });

    private static string Literal(string text) => Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(text, quote: true);
}
