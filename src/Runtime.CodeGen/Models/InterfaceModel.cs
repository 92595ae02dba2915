using Control.Runtime.CodeGen.Findings;

namespace Control.Runtime.CodeGen.Models;

/// <summary>A grain interface.</summary>
/// <param name="FullName">With <c>global::</c>.</param>
/// <param name="Alias">The name on the wire.</param>
/// <param name="Reference">The class of references by it.</param>
/// <param name="Declared">The methods that it declares, which get request classes.</param>
/// <param name="Inherited">The methods of the grain interfaces it extends.</param>
/// <param name="Findings">What is wrong.</param>
internal sealed record InterfaceModel(
    string FullName,
    string Alias,
    CodecName Reference,
    EquatableList<MethodModel> Declared,
    EquatableList<MethodModel> Inherited,
    EquatableList<Finding> Findings);

/// <summary>A method of a grain interface.</summary>
/// <param name="Name">The C# name.</param>
/// <param name="Alias">The name on the wire.</param>
/// <param name="Request">The request class.</param>
/// <param name="Declaring">The interface that declares it, with <c>global::</c>.</param>
/// <param name="DeclaringAlias">That interface's name on the wire.</param>
/// <param name="ReturnType">The full return type.</param>
/// <param name="Result">The result's full type; null when there is none.</param>
/// <param name="ResultCodec">The expression that gives the result's codec.</param>
/// <param name="IsValueTask">Whether a ValueTask is returned.</param>
/// <param name="Mixing">The name of the CallMixing value.</param>
/// <param name="TimeoutTicks">The response timeout in ticks of 100 ns; null for the default.</param>
/// <param name="Parameters">The parameters.</param>
internal sealed record MethodModel(
    string Name,
    string Alias,
    CodecName Request,
    string Declaring,
    string DeclaringAlias,
    string ReturnType,
    string? Result,
    string? ResultCodec,
    bool IsValueTask,
    string Mixing,
    long? TimeoutTicks,
    EquatableList<ParameterModel> Parameters);

/// <summary>A parameter.</summary>
/// <param name="Name">The C# name, escaped.</param>
/// <param name="Type">The full type.</param>
/// <param name="Codec">The expression that gives its codec; null for the cancellation token.</param>
/// <param name="IsShared">Whether it needs no copy.</param>
internal sealed record ParameterModel(string Name, string Type, string? Codec, bool IsShared);
