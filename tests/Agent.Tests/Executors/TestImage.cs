using Control.Agent.Executors.Containers;
using Control.Agent.Processes;

namespace Control.Agent.Tests.Executors;

/// <summary>Podman as the tests call it, past the agent.</summary>
internal static class TestImage
{
    public static ContainerEngine Podman { get; } = new(Programs.Locate("podman") ?? "podman", true, [], false);
}
