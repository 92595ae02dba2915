using Control.Runtime.CodeGen.Models;

namespace Control.Runtime.CodeGen.Emission;

/// <summary>Writes the request class of one grain method.</summary>
internal sealed class RequestEmitter
{
    private const string Runtime = "global::Control.Runtime.";
    private const string Codecs = Runtime + "Codecs.";
    private const string Token = "global::System.Threading.CancellationToken";

    private readonly MethodModel _method;
    private readonly SourceBuilder _source;

    private RequestEmitter(MethodModel method)
    {
        _method = method;
        _source = SourceBuilder.In(method.Request.Namespace);
    }

    public static string Emit(MethodModel method) => new RequestEmitter(method).Emit();

    private IEnumerable<(ParameterModel Parameter, int Index)> Coded =>
        _method.Parameters.Select((parameter, index) => (parameter, index)).Where(entry => entry.parameter.Codec is not null);

    private string Emit()
    {
        var result = _method.Result ?? Runtime + "NoResult";
        var access = _method.Request.IsPublic ? "public" : "internal";
        _source.Block($"{access} sealed class {_method.Request.Name} : {Runtime}GrainRequest<{result}>", () =>
        {
            EmitFields(result);
            EmitArguments();
            EmitCall();
            EmitCodec();
        });
        return _source.ToString();
    }

    private void EmitFields(string result)
    {
        var types = string.Join(", ", _method.Parameters.Select(parameter => $"typeof({parameter.Type})"));
        var timeout = _method.TimeoutTicks is { } ticks ? $"global::System.TimeSpan.FromTicks({ticks}L)" : "null";
        _source.Line(
            $"public static readonly {Runtime}GrainMethod Descriptor = new {Runtime}GrainMethod(typeof({_method.Declaring}), "
            + $"{Literal(_method.DeclaringAlias)}, {Literal(_method.Name)}, {Literal(_method.Alias)}, {Runtime}CallMixing.{_method.Mixing}, {timeout}, "
            + $"new global::System.Type[] {{ {types} }}, static () => new {_method.Request.Name}());");
        foreach (var (parameter, index) in Coded) _source.Line($"private static readonly {Codecs}Codec<{parameter.Type}> _codec{index} = {parameter.Codec};");
        if (_method.ResultCodec is not null)
        {
            _source.Line($"private static readonly {Codecs}Codec<{result}> _resultCodec = {_method.ResultCodec};");
            _source.Line($"public override {Codecs}Codec<{result}> ResultCodec => _resultCodec;");
        }

        for (var i = 0; i < _method.Parameters.Count; i++) _source.Line($"public {_method.Parameters[i].Type} Argument{i};");
        _source.Line($"public override {Runtime}GrainMethod Method => Descriptor;");
    }

    private void EmitArguments()
    {
        _source.Line($"public override int GetArgumentCount() => {_method.Parameters.Count};");
        _source.Block("public override object GetArgument(int index)", () => _source.Block("switch (index)", () =>
        {
            for (var i = 0; i < _method.Parameters.Count; i++) _source.Line($"case {i}: return Argument{i};");
            _source.Line("default: throw new global::System.ArgumentOutOfRangeException(nameof(index));");
        }));
        for (var i = 0; i < _method.Parameters.Count; i++)
        {
            if (_method.Parameters[i].Codec is null) _source.Line($"public override {Token} Token {{ get => Argument{i}; set => Argument{i} = value; }}");
        }

        _source.Block("public override void CopyArguments()", () =>
        {
            foreach (var (parameter, index) in Coded.Where(entry => !entry.Parameter.IsShared)) _source.Line($"Argument{index} = _codec{index}.Copy(Argument{index});");
        });
    }

    private void EmitCall()
    {
        var arguments = string.Join(", ", _method.Parameters.Select((_, index) => $"Argument{index}"));
        var asTask = _method.IsValueTask ? ".AsTask()" : "";
        _source.Line(
            "public override global::System.Threading.Tasks.Task CallAsync(object grain) => "
            + $"(({_method.Declaring})grain).{_method.Name}({arguments}){asTask};");
    }

    private void EmitCodec()
    {
        _source.Block($"public override void WriteArguments({Codecs}WireWriter writer)", () =>
        {
            _source.Line("writer.BeginObject();");
            foreach (var (_, index) in Coded) _source.Line($"_codec{index}.WriteMember(writer, {index + 1}, Argument{index});");
            _source.Line("writer.EndObject();");
        });
        _source.Block($"public override void ReadArguments(ref {Codecs}WireReader reader)", () => _source.Block("while (true)", () =>
        {
            _source.Line("var tag = reader.ReadTag();").Line($"if (tag.Wire == {Codecs}WireType.End) return;");
            _source.Block("switch (tag.Number)", () =>
            {
                foreach (var (_, index) in Coded) _source.Line($"case {index + 1}: Argument{index} = _codec{index}.ReadMember(ref reader, tag.Wire); break;");
                _source.Line("default: reader.Skip(tag.Wire); break;");
            });
        }));
    }

    private static string Literal(string text) => Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(text, quote: true);
}
