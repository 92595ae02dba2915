using Control.Agent.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Agent.Tests;

/// <summary>What tests start as processes of their own: the reaper, and an agent to be killed.</summary>
internal static class Program
{
    public const string AgentVerb = "agent-run";

    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "Control.Agent.Tests");

    public static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case [ReaperProcess.Verb, .. var rest]:
                return await ReaperProcess.RunAsync(rest, Console.OpenStandardInput());
            case [AgentVerb, var server, var state, var work, var token, .. var engine]:
                var options = new AgentOptions { Server = new Uri(server), StateDirectory = state, WorkDirectory = work, JoinToken = token, Name = "victim", ContainerEngine = engine.FirstOrDefault() };
                using (var agent = new AgentHost(options, TimeProvider.System, NullLoggerFactory.Instance))
                {
                    await agent.StartAsync(CancellationToken.None);
                    await agent.ExecuteTask!;
                }

                return 0;
            default:
                return 2;
        }
    }
}
