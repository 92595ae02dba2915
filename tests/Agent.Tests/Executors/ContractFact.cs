using System.ComponentModel;
using Control.Agent.Processes;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Control.Agent.Tests.Executors;

/// <summary>A test of a contract, which classes inherit: skipped in those that need what this machine does not have.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Control.Agent.Tests.Executors.ContractFactDiscoverer", "Control.Agent.Tests")]
internal sealed class ContractFactAttribute : FactAttribute;

/// <summary>The tests of a class need podman and a user who may give containers users of their own.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NeedsPodmanAttribute : Attribute
{
    // On the gate a test may not be skipped: there it fails.
    public static string? Missing => Environment.GetEnvironmentVariable("CI") == "true" || (Libc.EffectiveUser() == 0 && Programs.Locate("podman") is not null)
        ? null
        : "Only root can run these containers, with podman, runc and busybox-static.";
}

/// <summary>The tests of a class need docker besides.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NeedsDockerAttribute : Attribute
{
    // On the gate a test may not be skipped: there it fails.
    public static string? Missing => NeedsPodmanAttribute.Missing
        ?? (Environment.GetEnvironmentVariable("CI") == "true" || (Programs.Locate("docker") is not null && Programs.Locate("dockerd") is not null)
            ? null
            : "docker.io is needed, with its daemon.");
}

internal sealed class ContractFactDiscoverer(IMessageSink sink) : FactDiscoverer(sink)
{
    protected override IXunitTestCase CreateTestCase(ITestFrameworkDiscoveryOptions options, ITestMethod method, IAttributeInfo attribute) =>
        new ContractTestCase(DiagnosticMessageSink, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method);
}

internal sealed class ContractTestCase : XunitTestCase
{
    [Obsolete("For the framework alone, which makes one and fills it."), EditorBrowsable(EditorBrowsableState.Never)]
    public ContractTestCase()
    {
    }

    public ContractTestCase(IMessageSink sink, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(sink, display, options, method)
    {
    }

    protected override string? GetSkipReason(IAttributeInfo factAttribute) =>
        Has(typeof(NeedsDockerAttribute)) ? NeedsDockerAttribute.Missing : Has(typeof(NeedsPodmanAttribute)) ? NeedsPodmanAttribute.Missing : null;

    private bool Has(Type need) => TestMethod.TestClass.Class.GetCustomAttributes(need).Any();
}
