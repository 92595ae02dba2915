using Control.Engine.Sources;

namespace Control.Grains.Pipelines;

/// <summary>What a start must keep to besides its parameters.</summary>
internal static class StartChecks
{
    public static IEnumerable<FieldError> Of(PipelineSpec spec, StartRun command, int maxOperationId)
    {
        if (command.OperationId.Length is 0 || command.OperationId.Length > maxOperationId)
        {
            yield return new FieldError("operationId", $"An operation id has 1 to {maxOperationId} characters.");
        }

        if (command.Ref is not { } @ref)
        {
            yield break;
        }

        if (spec.Source is null)
        {
            yield return new FieldError("ref", "The pipeline has no source, so there is no ref to choose. Leave it out.");
        }
        else if (GitRef.Check(@ref) is { } problem)
        {
            yield return new FieldError("ref", problem);
        }
    }
}
