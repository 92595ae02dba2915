using Control.Agent;
using Control.Api.Agents;
using Control.Api.Access;
using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Pipelines;
using Control.Contracts.Workspaces;
using Orleans;

namespace Control.Cli.Hosting;

/// <summary>What a server needs to be usable, made on its first start.</summary>
internal static class FirstStart
{
    /// <summary>Workspace and pipeline to try.</summary>
    public static readonly PipelineId Sample = new("sample", "hello");

    // No source and no special tools, so that it runs wherever the server does.
    private const string SamplePipeline = """
        description: Says hello, waits for you, says goodbye
        parameters:
          NAME: { type: string, default: world, description: Who is greeted }
        stages:
          - name: greet
            jobs:
              hello:
                steps:
                  - echo "Hello, $NAME! This is run $CONTROL_RUN_NUMBER."
                  - echo "GREETED=$NAME" >> "$CONTROL_OUTPUT"
                outputs: [GREETED]
              machine:
                steps:
                  - uname -a
          - name: confirm
            gate:
              message: Say goodbye?
          - name: leave
            jobs:
              goodbye:
                steps:
                  - echo "Goodbye, $GREETED."
        """;

    /// <summary>Makes the admin token and its file when the file is not there; true when it did.</summary>
    public static async Task<bool> EnsureAdminToken(IGrainFactory grains, ServerOptions options)
    {
        if (File.Exists(DataFolder.AdminTokenFile(options.DataDirectory)))
        {
            return false;
        }

        var token = await AdminTokens.IssueAsync(grains, options.Time, "admin");
        await DataFolder.WriteAdminToken(options.DataDirectory, token);
        return true;
    }

    /// <summary>Makes the sample workspace and pipeline; those that are there already stay.</summary>
    public static async Task Seed(IGrainFactory grains)
    {
        await grains.GetGrain<IWorkspaceGrain>(Sample.Workspace).Create(new CreateWorkspace("A place to try things", Actor.System));
        await grains.GetGrain<IPipelineGrain>(Sample.ToString()).Put(new PutPipeline(SamplePipeline, null, CreateOnly: true, Actor.System));
    }

    /// <summary>A join token for the agent inside, unless it has joined before.</summary>
    public static async Task<string?> InsideJoinToken(IGrainFactory grains, ServerOptions options, string agentState, string fingerprint)
    {
        if (AgentHost.HasJoined(agentState))
        {
            return null;
        }

        var token = await JoinTokens.IssueAsync(grains, options.Time, TimeSpan.FromMinutes(10), Actor.System, fingerprint);
        return token.Granted ? token.Value.Token : throw new ControlException(token.Refusal.Code, token.Refusal.Message);
    }
}
