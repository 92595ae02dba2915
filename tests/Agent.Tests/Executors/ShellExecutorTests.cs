using Control.Agent.Processes;

namespace Control.Agent.Tests.Executors;

/// <summary>Processes of this machine, by users of their own where the tests run as root.</summary>
public class ShellExecutorTests : ProcessContract
{
    private protected override Task<TestAgent> StartAsync() => TestAgent.StartAsync();
}

/// <summary>The same by the agent's own user, as where that is not root.</summary>
public class ShellExecutorWithoutUsersTests : ProcessContract
{
    private protected override Task<TestAgent> StartAsync() => TestAgent.StartAsync(options => options.JobUsers = null);

    [Fact]
    public async Task Job_RunsAsTheAgentsUser()
    {
        await using var agent = await StartAsync();

        var (_, log) = await agent.Server.ResultOf(agent.Run("id -u"));

        Assert.Contains($"\n{Libc.EffectiveUser()}\n", log);
    }
}
