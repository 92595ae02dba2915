using Control.Agent.Executors.Containers;
using Control.Agent.Jobs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Executors;

/// <summary>The executors an agent has, and which of them runs a job.</summary>
internal sealed class ExecutorChoice(JobTools tools, ContainerEngines containers, ILoggerFactory loggers)
{
    /// <summary>An executor for a job.</summary>
    public IExecutor Create(JobOrder order) => (tools.Options.IsDummy, order.Assignment.Container) switch
    {
        (true, _) => new DummyExecutor(order, tools.Time),
        (_, null) => new ShellExecutor(order, tools, loggers.CreateLogger<ShellExecutor>()),
        _ => new ContainerExecutor(order, tools, containers, loggers.CreateLogger<ContainerExecutor>()),
    };
}
