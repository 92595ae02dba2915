using Control.Agent.Joining;
using Control.Agent.Limits;
using Control.Agent.Link;
using Control.Agent.Local;
using Control.Agent.Logs;
using Control.Agent.Processes;
using Control.Agent.Standby;
using Control.Agent.Users;
using Control.Contracts.Agents;

namespace Control.Agent.Jobs;

/// <summary>What all jobs of a boot share.</summary>
/// <param name="Agent">The agent's id.</param>
/// <param name="BootMark">Prefix of the jobs' marks.</param>
/// <param name="Options">Validated.</param>
/// <param name="State">Folders.</param>
/// <param name="Work">Where jobs work.</param>
/// <param name="Users">Whom jobs run as; null for the agent's own user.</param>
/// <param name="Standby">A place for the next job without a container.</param>
/// <param name="Programs">Shells.</param>
/// <param name="Reaper">Ends the jobs should the agent die.</param>
/// <param name="Server">Hears of the jobs.</param>
/// <param name="Contact">How long the server has been silent.</param>
/// <param name="Reports">Delivers reports.</param>
/// <param name="Quota">Of spooled logs.</param>
/// <param name="Metrics">Figures.</param>
/// <param name="Groups">Where control groups are made; null when none can be.</param>
/// <param name="Time">For limits; processes live on real time.</param>
/// <param name="Local">The folder whose files jobs get instead of a checkout; null on an agent of a server.</param>
internal sealed record JobTools(
    AgentId Agent,
    string BootMark,
    AgentOptions Options,
    StateFolder State,
    string Work,
    JobUsers? Users,
    StandbyPlaces Standby,
    Programs Programs,
    Reaper Reaper,
    IJobServer Server,
    Contact Contact,
    ReportDelivery Reports,
    SpoolQuota Quota,
    AgentMetrics Metrics,
    Cgroups? Groups,
    TimeProvider Time,
    LocalFiles? Local = null);
