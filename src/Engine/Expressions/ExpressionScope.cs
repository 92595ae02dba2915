using Control.Engine.Pipelines.Reading;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Expressions;

/// <summary>
/// The names an expression may use at its place in a definition: a misspelt one is refused when the definition is stored,
/// instead of being false for ever.
/// </summary>
public sealed class ExpressionScope
{
    private const string Parameters = "params.";
    private const string Outputs = "outputs.";
    private const string Results = "results.";
    private const string Matrix = "matrix.";

    private static readonly string[] Plain = ["branch", "tag", "ref", "commit", "event", "workspace", "pipeline"];

    private readonly HashSet<string>? _names;

    private ExpressionScope(HashSet<string>? names) => _names = names;

    /// <summary>Accepts every name: for expressions that were checked before.</summary>
    public static ExpressionScope Anything { get; } = new(null);

    /// <summary>The names that mean something at some place.</summary>
    /// <param name="parameters">Parameters of the pipeline and of the gates passed.</param>
    /// <param name="outputs">Outputs declared by jobs that come before.</param>
    /// <param name="results">Stages, and jobs as <c>stage.job</c>, that come before.</param>
    /// <param name="matrix">Variables of the job's own matrix.</param>
    public static ExpressionScope Of(
        IEnumerable<string> parameters, IEnumerable<string> outputs, IEnumerable<string> results, IEnumerable<string> matrix) => new(
    [
        .. Plain,
        .. parameters.Select(name => Parameters + name),
        .. outputs.Select(name => Outputs + name),
        .. results.Select(name => Results + name),
        .. matrix.Select(name => Matrix + name),
    ]);

    /// <summary>Null when the name may be used, otherwise what is wrong with it.</summary>
    internal string? Check(string name)
    {
        if (_names is null || _names.Contains(name))
        {
            return null;
        }

        if (Suggestion.Nearest(name, _names) is { } meant)
        {
            return $"There is no {Problems.Quote(name)} here. Did you mean {meant}?";
        }

        return $"There is no {Problems.Quote(name)} here. Use {string.Join(", ", Plain)}, params.NAME, outputs.NAME of earlier jobs, "
            + "results.STAGE or results.STAGE.JOB of earlier ones, matrix.NAME of this job; texts stand in quotes.";
    }
}
