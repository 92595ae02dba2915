using System.Collections.Immutable;
using Control.Runtime.CodeGen.Emission;
using Control.Runtime.CodeGen.Findings;
using Control.Runtime.CodeGen.Models;
using Control.Runtime.CodeGen.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using TypeKind = Control.Runtime.CodeGen.Models.TypeKind;

namespace Control.Runtime.CodeGen;

/// <summary>
/// Generates, into the assembly that holds the contracts, the references and requests of every grain interface and the
/// codec of every type marked [GenerateSerializer].
/// </summary>
[Generator(LanguageNames.CSharp)]
internal sealed class GrainGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var types = context.SyntaxProvider.ForAttributeWithMetadataName(
            Names.GenerateSerializer,
            static (_, _) => true,
            static (found, _) => TypeReader.Read((INamedTypeSymbol)found.TargetSymbol)).Collect();
        var interfaces = context.SyntaxProvider.CreateSyntaxProvider(
            static (node, _) => node is InterfaceDeclarationSyntax { BaseList: not null },
            static (found, cancel) => ReadInterface((INamedTypeSymbol?)found.SemanticModel.GetDeclaredSymbol(found.Node, cancel)))
            .Where(static model => model is not null).Collect();
        var strays = context.SyntaxProvider.CreateSyntaxProvider(
            static (node, _) => node is ClassDeclarationSyntax { BaseList: not null } or RecordDeclarationSyntax { BaseList: not null },
            static (found, cancel) => found.SemanticModel.GetDeclaredSymbol(found.Node, cancel) is INamedTypeSymbol type ? TypeReader.CheckDerived(type) : null)
            .Where(static finding => finding is not null);
        var assembly = context.CompilationProvider.Select(static (compilation, _) => compilation.AssemblyName ?? "");
        context.RegisterSourceOutput(types, static (output, models) => EmitTypes(output, models));
        context.RegisterSourceOutput(interfaces.Combine(assembly), static (output, models) => EmitInterfaces(output, models.Left!, models.Right));
        context.RegisterSourceOutput(strays, static (output, finding) => output.ReportDiagnostic(finding!.ToDiagnostic()));
    }

    private static InterfaceModel? ReadInterface(INamedTypeSymbol? type) =>
        type is not null && Names.IsGrainInterface(type) ? InterfaceReader.Read(type) : null;

    private static void EmitTypes(SourceProductionContext output, ImmutableArray<TypeModel> models)
    {
        Report(output, models.SelectMany(model => model.Findings));
        ReportTwins(output, models.Select(model => (model.Alias, model.FullName)));
        var sound = models.Where(model => model.Findings.Count == 0).ToList();
        foreach (var model in sound.Where(model => model.Kind != TypeKind.Enum))
        {
            output.AddSource($"{model.Codec.Namespace}.{model.Codec.Name}.g.cs", CodecEmitter.Emit(model, sound));
        }
    }

    // A partial interface is met once per part.
    private static void EmitInterfaces(SourceProductionContext output, ImmutableArray<InterfaceModel> found, string assembly)
    {
        var models = found.GroupBy(model => model.FullName).Select(group => group.First()).ToList();
        if (models.Count == 0) return;
        Report(output, models.SelectMany(model => model.Findings));
        ReportTwins(output, models.Select(model => (model.Alias, model.FullName)));
        var sound = models.Where(model => model.Findings.Count == 0).ToList();
        foreach (var model in sound)
        {
            output.AddSource($"{model.Reference.Namespace}.{model.Reference.Name}.g.cs", ReferenceEmitter.Emit(model));
            foreach (var method in model.Declared) output.AddSource($"{method.Request.Namespace}.{method.Request.Name}.g.cs", RequestEmitter.Emit(method));
        }

        output.AddSource("ControlCodeGen.Manifest.g.cs", ReferenceEmitter.EmitManifest(assembly, sound));
    }

    private static void Report(SourceProductionContext output, IEnumerable<Finding> findings)
    {
        foreach (var finding in findings) output.ReportDiagnostic(finding.ToDiagnostic());
    }

    private static void ReportTwins(SourceProductionContext output, IEnumerable<(string Alias, string Name)> named)
    {
        foreach (var twins in named.GroupBy(entry => entry.Alias).Where(group => group.Select(entry => entry.Name).Distinct().Count() > 1))
        {
            var pair = twins.Take(2).ToArray();
            output.ReportDiagnostic(Diagnostic.Create(Rules.DuplicateAlias, Location.None, pair[0].Name, pair[1].Name, twins.Key));
        }
    }
}
