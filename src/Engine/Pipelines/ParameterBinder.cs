using Control.Engine.Pipelines.Reading;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines;

/// <summary>The values of parameters, defaults included, or everything that is wrong with what was passed.</summary>
/// <param name="Values">By name, one for each parameter; incomplete when there are errors.</param>
/// <param name="Errors">Each names its field as <c>parameters.NAME</c>. Empty when the values may be used.</param>
public sealed record BoundParameters(ImmutableSortedDictionary<string, string> Values, ImmutableArray<FieldError> Errors);

/// <summary>Checks the values passed at a start or a gate against what the definition asks for.</summary>
public static class ParameterBinder
{
    /// <summary>Binds values to parameters: unknown names, missing values and wrong types are all reported at once.</summary>
    public static BoundParameters Bind(ImmutableArray<ParameterSpec> parameters, IReadOnlyDictionary<string, string> values)
    {
        var bound = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var errors = ImmutableArray.CreateBuilder<FieldError>();
        foreach (var name in values.Keys.Where(n => parameters.All(p => p.Name != n)).Order(StringComparer.Ordinal).Take(PipelineLimits.Errors))
        {
            errors.Add(new FieldError(Field(name), Unknown(name, parameters)));
        }

        foreach (var parameter in parameters)
        {
            if (Fault(parameter, values, bound) is { } fault)
            {
                errors.Add(new FieldError(Field(parameter.Name), fault));
            }
        }

        return new BoundParameters(bound.ToImmutable(), errors.DrainToImmutable());
    }

    private static string? Fault(
        ParameterSpec parameter,
        IReadOnlyDictionary<string, string> values,
        ImmutableSortedDictionary<string, string>.Builder bound)
    {
        // A JSON body can carry null for a value in spite of the type.
        if ((values.TryGetValue(parameter.Name, out var passed) ? passed : null) is not { } value)
        {
            value = parameter.Default;
        }

        if (value is null)
        {
            return "This parameter is required: it has no default. Pass a value.";
        }

        bound[parameter.Name] = value;
        return ParameterValue.Check(parameter, value);
    }

    private static string Field(string name) => VariableName.IsPosix(name) ? $"parameters.{name}" : $"parameters[{Problems.Quote(name)}]";

    private static string Unknown(string name, ImmutableArray<ParameterSpec> parameters)
    {
        if (parameters.IsEmpty)
        {
            return $"There is no parameter {Problems.Quote(name)}; none is asked for. Remove it.";
        }

        return Suggestion.Nearest(name, parameters.Select(p => p.Name)) is { } meant
            ? $"There is no parameter {Problems.Quote(name)}. Did you mean '{meant}'?"
            : $"There is no parameter {Problems.Quote(name)}. There are {string.Join(", ", parameters.Select(p => p.Name))}.";
    }
}
