using Control.Contracts.Agents;
using Control.Contracts.Workspaces;

namespace Control.Contracts.Tests;

public sealed class SecrecyTests
{
    [Fact]
    public void ToString_RecordsWithSecrets_DoNotShowThem()
    {
        var value = new SecretValue("hunter2", "me", "hunter2");
        var message = new AssignmentMessage(null!, System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty, value, null, []);
        var join = new JoinRequest("id", "hunter2", "hunter2", "builder", [], 1, "1.0");

        Assert.DoesNotContain("hunter2", $"{value} {message} {join}", StringComparison.Ordinal);
    }
}
