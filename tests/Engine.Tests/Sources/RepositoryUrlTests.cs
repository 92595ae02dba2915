using Control.Engine.Sources;

namespace Control.Engine.Tests.Sources;

public sealed class RepositoryUrlTests
{
    [Theory]
    [InlineData("https://git.example.com/team/app.git")]
    [InlineData("http://localhost:3000/a")]
    [InlineData("https://[::1]:8443/a")]
    [InlineData("ssh://git@git.example.com:2222/team/app.git")]
    [InlineData("ssh://git.example.com/app")]
    [InlineData("git://git.example.com/app")]
    [InlineData("git@git.example.com:team/app.git")]
    [InlineData("git@git.example.com:~user/app")]
    [InlineData("https://git.example.com/team/%20a@b")]
    public void Check_RemoteAddress_IsAccepted(string url) => Assert.Null(RepositoryUrl.Check(url));

    [Theory]
    [InlineData("", "1 to 2048")]
    [InlineData("/srv/git/app", "local paths")]
    [InlineData("./app", "local paths")]
    [InlineData("app", "local paths")]
    [InlineData("host:app", "local paths")]
    [InlineData("C:/app", "local paths")]
    [InlineData("-upload-pack=x@h:p", "local paths")]
    [InlineData("git@-oProxyCommand=x:p", "local paths")]
    [InlineData("git@host:-p", "local paths")]
    [InlineData("ext::sh -c id", "spaces")]
    [InlineData("ext::sh", "local paths")]
    [InlineData("file:///etc", "not an allowed scheme")]
    [InlineData("HTTPS://host/p", "lower case")]
    [InlineData("ftp://host/p", "not an allowed scheme")]
    [InlineData("-x://host/p", "not an allowed scheme")]
    [InlineData("ssh://-oProxyCommand=x/p", "cannot be used")]
    [InlineData("ssh://a@-oProxyCommand=x/p", "cannot be used")]
    [InlineData("https://user:pass@host/p", "'credentials:'")]
    [InlineData("https://token@host/p", "'credentials:'")]
    [InlineData("ssh://git:pass@host/p", "'credentials:'")]
    [InlineData("https://good@evil@host/p", "'credentials:'")]
    [InlineData("https://host/p?token=x", "no '?'")]
    [InlineData("https://host/p#x", "no '?'")]
    [InlineData("https://host", "cannot be used")]
    [InlineData("https:///p", "cannot be used")]
    [InlineData("https://host:port/p", "cannot be used")]
    [InlineData("https://host\\@evil/p", "control characters")]
    [InlineData("https://host/p\n", "control characters")]
    public void Check_OtherAddress_IsRefusedWithTheCure(string url, string message) =>
        Assert.Contains(message, RepositoryUrl.Check(url)!, StringComparison.Ordinal);

    [Fact]
    public void Check_LongAddress_IsRefused() => Assert.NotNull(RepositoryUrl.Check("https://h/" + new string('x', RepositoryUrl.MaxLength)));

    [Theory]
    [InlineData("https://host:8443/a/b", "https://host:8443")]
    [InlineData("http://[::1]/a", "http://[::1]")]
    [InlineData("ssh://host/a", null)]
    [InlineData("git@host:a", null)]
    public void HttpOrigin_Address_IsSchemeHostAndPort(string url, string? origin) => Assert.Equal(origin, RepositoryUrl.HttpOrigin(url));

    [Theory]
    [InlineData("main")]
    [InlineData("feature/x-1")]
    [InlineData("refs/tags/v1.0")]
    [InlineData("HEAD")]
    [InlineData("0123456789012345678901234567890123456789")]
    public void CheckRef_Name_IsAccepted(string name) => Assert.Null(GitRef.Check(name));

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData("--upload-pack=x")]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("a~1")]
    [InlineData("a^{}")]
    [InlineData("a:b")]
    [InlineData("a*")]
    [InlineData("a?")]
    [InlineData("[a")]
    [InlineData("a\\b")]
    [InlineData("a@{1}")]
    [InlineData("@")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".a")]
    [InlineData("a/.b")]
    [InlineData("a.lock")]
    [InlineData("a.lock/b")]
    [InlineData("a.")]
    [InlineData("a\n")]
    public void CheckRef_OtherText_IsRefused(string name) => Assert.NotNull(GitRef.Check(name));
}
