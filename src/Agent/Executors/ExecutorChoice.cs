using Control.Agent.Jobs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Executors;

/// <summary>The executors an agent has, and which of them runs a job.</summary>
internal sealed class ExecutorChoice(JobTools tools, ILoggerFactory loggers)
{
    /// <summary>An executor for a job.</summary>
    public IExecutor Create(JobOrder order) => tools.Options.IsDummy
        ? new DummyExecutor(order, tools.Time)
        : new ShellExecutor(order, tools, loggers.CreateLogger<ShellExecutor>());
}
