using Control.Contracts.Errors;
using Control.Storage.Queries;

namespace Control.Storage.Tests.Queries;

public sealed class CursorTests
{
    [Theory]
    [InlineData(0, "")]
    [InlineData(long.MaxValue, "w/p/1")]
    [InlineData(long.MinValue, "ü")]
    public void Read_Written_GivesThePlace(long ordinal, string key) =>
        Assert.Equal(new Cursor(ordinal, key), Cursor.Read(new Cursor(ordinal, key).Write("store", "scope"), "store", "scope"));

    [Theory]
    [InlineData("other", "scope")]
    [InlineData("store", "other")]
    public void Read_OfAnotherStoreOrList_Refused(string incarnation, string scope) =>
        AssertBad(new Cursor(1, "k").Write("store", "scope"), incarnation, scope);

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("not base64!")]
    [InlineData("é")]
    [InlineData("A")]
    public void Read_Garbage_Refused(string text) => AssertBad(text);

    [Fact]
    public void Read_TooLong_Refused() => AssertBad(new string('A', 4096));

    [Fact]
    public void Read_AnyCharacterChanged_Refused()
    {
        var text = new Cursor(42, "w/p/12").Write("store", "scope");
        for (var i = 0; i < text.Length - 1; i++)
            AssertBad($"{text[..i]}{(text[i] == 'A' ? 'B' : 'A')}{text[(i + 1)..]}");
    }

    private static void AssertBad(string text, string incarnation = "store", string scope = "scope") =>
        Assert.Equal("bad-cursor", Assert.Throws<ControlException>(() => Cursor.Read(text, incarnation, scope)).Code);
}
