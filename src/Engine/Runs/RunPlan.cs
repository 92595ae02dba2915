namespace Control.Engine.Runs;

/// <summary>Finding one's way in a definition.</summary>
public static class RunPlan
{
    /// <summary>The position of a stage; -1 when there is none of that name.</summary>
    public static int StageIndex(PipelineSpec plan, string name)
    {
        for (var i = 0; i < plan.Stages.Length; i++)
        {
            if (plan.Stages[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }
}
