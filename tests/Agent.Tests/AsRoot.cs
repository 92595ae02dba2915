using Control.Agent.Processes;

namespace Control.Agent.Tests;

/// <summary>Needs an agent that is root; skipped for others, which the gate, where everything is root's, never is.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AsRootFactAttribute : FactAttribute
{
    public AsRootFactAttribute() => Skip = AsRoot.Missing;
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class AsRootTheoryAttribute : TheoryAttribute
{
    public AsRootTheoryAttribute() => Skip = AsRoot.Missing;
}

internal static class AsRoot
{
    public static string? Missing => Libc.EffectiveUser() == 0 || Environment.GetEnvironmentVariable("CI") == "true" ? null : "Only root can give jobs users of their own.";
}
