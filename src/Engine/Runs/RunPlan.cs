using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>Finding one's way in a definition.</summary>
public static class RunPlan
{
    /// <summary>The job of that key.</summary>
    /// <exception cref="InvalidOperationException">The plan has no such job: the stored run is corrupt.</exception>
    public static JobSpec Job(PipelineSpec plan, JobKey key) =>
        plan.Stages.First(stage => stage.Name == key.Stage).Jobs.First(job => job.Name == key.Job);

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
