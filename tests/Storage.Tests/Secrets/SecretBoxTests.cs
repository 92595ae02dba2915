using System.Collections.Immutable;
using System.Text;
using Control.Contracts.Errors;
using Control.Storage.Secrets;

namespace Control.Storage.Tests.Secrets;

public sealed class SecretBoxTests : IDisposable
{
    private readonly TestStore _test = new();

    private SecretBox Box => _test.Store.Secrets;

    private string KeyFile => Path.Combine(_test.Path, "secret-keys.json");

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("pässword")]
    public void Open_Sealed_GivesThePlainText(string text)
    {
        var box = Box.Seal(Encoding.UTF8.GetBytes(text), "w/name");
        Assert.Equal(text, Encoding.UTF8.GetString(Box.Open(box, "w/name")));
    }

    [Fact]
    public void Seal_Twice_DiffersAndHidesTheText()
    {
        var (first, second) = (Box.Seal("password"u8, "c"), Box.Seal("password"u8, "c"));
        Assert.NotEqual(first.AsEnumerable(), second.AsEnumerable());
        Assert.Equal(-1, first.AsSpan().IndexOf("password"u8));
    }

    [Fact]
    public void Seal_TooLarge_Refused() =>
        Assert.Equal("secret-too-large", Assert.Throws<ControlException>(() => Box.Seal(new byte[SecretBox.MaxPlain + 1], "c")).Code);

    [Fact]
    public void Open_AsSomethingElse_Refused() =>
        Assert.Equal("secret-unreadable", Assert.Throws<ControlException>(() => Box.Open(Box.Seal("x"u8, "w/a"), "w/b")).Code);

    [Fact]
    public void Open_AnyBitFlippedOrCutShort_Refused()
    {
        var box = Box.Seal("password"u8, "c");
        for (var i = 0; i < box.Length; i++)
        {
            var flipped = box.SetItem(i, (byte)(box[i] ^ 1));
            Assert.StartsWith("secret-", Assert.Throws<ControlException>(() => Box.Open(flipped, "c")).Code, StringComparison.Ordinal);
            Assert.Equal("secret-unreadable", Assert.Throws<ControlException>(() => Box.Open(box[..i], "c")).Code);
        }

        Assert.Throws<ControlException>(() => Box.Open(ImmutableArray<byte>.Empty, "c"));
    }

    [Fact]
    public void AddKey_OldSeals_StayReadableAndNewOnesUseTheNewKey()
    {
        var old = Box.Seal("old"u8, "c");
        Box.AddKey(Make.Noon);
        var @new = Box.Seal("new"u8, "c");
        Assert.Equal((1, 2), (old[4], @new[4]));
        _test.Reopen();
        Assert.Equal("old"u8.ToArray(), Box.Open(old, "c"));
        Assert.Equal("new"u8.ToArray(), Box.Open(@new, "c"));
        Assert.Equal(2, Box.Seal("x"u8, "c")[4]);
    }

    [Fact]
    public void Open_KeyNoLongerInTheFile_SaysWhich()
    {
        var old = Box.Seal("old"u8, "c");
        Box.AddKey(Make.Noon);
        _test.Reopen();
        SecretKeyFile.Replace(KeyFile, [.. SecretKeyFile.Read(KeyFile).Where(key => key.Id == 2)]);
        _test.Reopen();
        var error = Assert.Throws<ControlException>(() => Box.Open(old, "c"));
        Assert.Equal("secret-key-unknown", error.Code);
        Assert.Contains("key 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_First_KeyFileIsTheOwnersAlone()
    {
        if (OperatingSystem.IsWindows())
            return;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal([KeyFile], Directory.GetFiles(_test.Path, "secret-keys*"));
    }

    [Fact]
    public void Start_KeyFileMissing_RefusedAndNotMadeAnew()
    {
        File.Delete(KeyFile);
        Assert.Equal("secret-keys-missing", Assert.Throws<ControlException>(_test.Reopen).Code);
        Assert.False(File.Exists(KeyFile));
    }

    [Fact]
    public void Start_AnotherStoresKeyFile_Refused()
    {
        SecretKeyFile.Replace(KeyFile, [SecretKey.Create(1)]);
        Assert.Equal("secret-keys-missing", Assert.Throws<ControlException>(_test.Reopen).Code);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Start_KeyFileOpenToOthers_RefusedWithCure(UnixFileMode more)
    {
        if (OperatingSystem.IsWindows())
            return;
        File.SetUnixFileMode(KeyFile, File.GetUnixFileMode(KeyFile) | more);
        var error = Assert.Throws<ControlException>(_test.Reopen);
        Assert.Equal("secret-keys-exposed", error.Code);
        Assert.Contains($"chmod 600 {KeyFile}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"keys\":[]}")]
    [InlineData("{\"keys\":[null]}")]
    [InlineData("{\"keys\":[{\"id\":0,\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}]}")]
    [InlineData("{\"keys\":[{\"id\":1,\"key\":\"AAAA\"}]}")]
    [InlineData("{\"keys\":[{\"id\":1,\"key\":\"not base64\"}]}")]
    public void Start_KeyFileDamaged_RefusedWithCure(string content)
    {
        File.WriteAllText(KeyFile, content);
        var error = Assert.Throws<ControlException>(_test.Reopen);
        Assert.Equal("secret-keys-invalid", error.Code);
    }
}
