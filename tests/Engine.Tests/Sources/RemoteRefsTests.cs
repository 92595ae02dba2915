using Control.Engine.Sources;

namespace Control.Engine.Tests.Sources;

public sealed class RemoteRefsTests
{
    private static readonly string[] Ids = [.. Enumerable.Range(0, 5).Select(i => new string((char)('a' + i), 40))];

    private static readonly string Output = $"""
        warning: something
        {Ids[0]}	HEAD
        {Ids[1]}	refs/heads/v1
        {Ids[2]}	refs/tags/v1
        {Ids[3]}	refs/tags/v1^{"{}"}
        {Ids[4]}	refs/tags/light
        {Ids[4]}	refs/heads/refs/heads/deep
        not-an-id	refs/heads/broken
        """;

    [Theory]
    [InlineData("HEAD", 0)]
    [InlineData("v1", 1)]
    [InlineData("refs/heads/v1", 1)]
    [InlineData("refs/tags/v1", 3)]
    [InlineData("light", 4)]
    [InlineData("refs/heads/deep", -1)]
    [InlineData("broken", -1)]
    [InlineData("other", -1)]
    public void Resolve_Reference_GivesTheCommit(string reference, int id)
    {
        var resolved = RemoteRefs.Resolve(reference, Output);

        Assert.Equal(id < 0 ? null : Ids[id], resolved.Commit);
        Assert.Equal(id < 0, resolved.Error is not null);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(64)]
    public void Resolve_CommitId_StandsForItself(int length) =>
        Assert.Equal(new string('a', length), RemoteRefs.Resolve(new string('A', length), "").Commit);

    [Fact]
    public void Resolve_EmptyRepository_SaysSo() => Assert.Contains("empty", RemoteRefs.Resolve("HEAD", "").Error!, StringComparison.Ordinal);

    [Fact]
    public void Resolve_UnknownBranch_NamesTheCure() => Assert.Contains("correct 'ref:'", RemoteRefs.Resolve("x", Output).Error!, StringComparison.Ordinal);
}
