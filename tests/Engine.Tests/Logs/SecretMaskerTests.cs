using System.Buffers;
using System.Text;
using Control.Engine.Logs;

namespace Control.Engine.Tests.Logs;

public sealed class SecretMaskerTests
{
    [Theory]
    [InlineData("the token is s3cret!", "the token is ***!")]
    [InlineData("s3cret", "***")]
    [InlineData("s3creT s3cre", "s3creT s3cre")]
    [InlineData("s3crets3cret", "***")]
    [InlineData("s3cret s3cret", "*** ***")]
    [InlineData("", "")]
    public void Mask_Text_ReplacesTheSecret(string text, string expected) => Assert.Equal(expected, new SecretSet(["s3cret"]).Mask(text));

    [Theory]
    [InlineData("abcdefgh", "***")]
    [InlineData("abcdef", "***")]
    [InlineData("xcdefy", "x***y")]
    [InlineData("abcdefg", "***g")]
    public void Mask_OverlappingSecrets_LeavesNothingOfThem(string text, string expected) =>
        Assert.Equal(expected, new SecretSet(["abcd", "abcdefgh", "cdef"]).Mask(text));

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("abc\n", "abc")]
    [InlineData("", "x")]
    [InlineData("  ", "  ")]
    public void Mask_ShortSecret_IsNotMasked(string secret, string text) => Assert.Equal(text, new SecretSet([secret]).Mask(text));

    [Fact]
    public void Mask_LinesOfASecret_AreMaskedAlone()
    {
        var secrets = new SecretSet(["-----BEGIN KEY-----\r\nAAAAB3Nz\nxyz\nlast-line\n"]);

        Assert.Equal("> *** <\n*** xyz", secrets.Mask("> AAAAB3Nz <\nlast-line xyz"));
    }

    [Fact]
    public void Mask_SecretWithFinalLineFeed_IsMaskedWithoutIt() => Assert.Equal("***,", new SecretSet(["p4ssword\n"]).Mask("p4ssword,"));

    [Theory]
    [InlineData("pass word/ä&1")]
    [InlineData("a+b=c?d")]
    public void Mask_UrlEncodedSecret_IsMasked(string secret)
    {
        var secrets = new SecretSet([secret]);

        Assert.Equal("?q=***", secrets.Mask($"?q={Uri.EscapeDataString(secret)}"));
        Assert.Equal("q=***", secrets.Mask($"q={System.Net.WebUtility.UrlEncode(secret)}"));
    }

    [Theory]
    [InlineData("p%2fa%2bb%3d")]
    [InlineData("p%2Fa%2Bb%3D")]
    [InlineData("p/a%2Bb%3D")]
    [InlineData("p/a%2bb%3d")]
    public void Mask_UrlEncodedSecret_InEitherCaseAndWithSlashesKept_IsMasked(string encoded) =>
        Assert.Equal("https://host/?q=***&x", new SecretSet(["p/a+b="]).Mask($"https://host/?q={encoded}&x"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Mask_Base64Secret_AtEachPlaceInAGroup_LeavesNothingToDecode(int before)
    {
        const string secret = "correct-horse-battery-staple";
        foreach (var after in Enumerable.Range(0, 3))
        {
            var text = new string('x', before) + secret + new string('y', after);
            var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
            foreach (var form in new[] { encoded, encoded.TrimEnd('='), encoded.Replace('+', '-').Replace('/', '_') })
            {
                var masked = new SecretSet([secret]).Mask(form);
                // At most the two characters on either side that also depend on the neighbours.
                Assert.True(masked.Replace("***", "", StringComparison.Ordinal).Length <= 8 && masked.Contains("***", StringComparison.Ordinal), $"{text}: {masked}");
            }
        }
    }

    [Theory]
    [InlineData(76)]
    [InlineData(64)]
    public void Mask_Base64SecretInLines_LeavesNoLineOfIt(int width)
    {
        var secret = string.Concat(Enumerable.Range(0, 40).Select(i => $"line {i} of a key\n"));
        var encoded = string.Join('\n', Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).Chunk(width).Select(line => new string(line)));

        var lines = new SecretSet([secret]).Mask(encoded).Split('\n');

        Assert.All(lines[..^1], line => Assert.Equal("***", line));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("user:", "")]
    [InlineData("me:", "\n")]
    [InlineData("x", " and more text behind")]
    public void Mask_Base64Secret_LeavesNothingToDecode(string before, string after)
    {
        const string secret = "correct-horse-battery-staple";
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(before + secret + after));

        var masked = new SecretSet([secret]).Mask(encoded);

        Assert.Contains("***", masked, StringComparison.Ordinal);
        Assert.True(masked.Length < encoded.Length - (secret.Length * 4 / 3) + 10, masked);
    }

    [Fact]
    public void Write_TextThatCannotBeASecret_IsNotHeldBack()
    {
        var masker = new SecretMasker(new SecretSet(["s3cret-value"]));
        var output = new ArrayBufferWriter<byte>();

        masker.Write("hello s3c"u8, output);

        Assert.Equal("hello ", Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal(3, masker.HeldBack);
        masker.Write("ond"u8, output);
        Assert.Equal("hello s3cond", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Flush_BeginningOfASecret_WritesItAndStartsAnew()
    {
        var masker = new SecretMasker(new SecretSet(["s3cret"]));
        var output = new ArrayBufferWriter<byte>();

        masker.Write("s3cr"u8, output);
        masker.Flush(output);
        masker.Write("et s3cret"u8, output);
        masker.Flush(output);

        Assert.Equal("s3cret ***", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Write_EndlessRepetition_HoldsBackLessThanTheSecret()
    {
        var masker = new SecretMasker(new SecretSet(["aaaa"]));
        var output = new ArrayBufferWriter<byte>();

        for (var i = 0; i < 1000; i++)
        {
            masker.Write("aaa"u8, output);
            Assert.InRange(masker.HeldBack, 0, 3);
        }

        masker.Flush(output);
        Assert.Equal("***", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Create_HugeSecrets_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new SecretSet(Enumerable.Range(0, 30).Select(i => new string((char)('a' + i), 64 * 1024))));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Write_RandomChunks_GiveWhatMaskingTheWholeGives(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 400; round++)
        {
            // Few letters, so that forms overlap, repeat and begin with each other all the time.
            byte[][] forms = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomText(random, random.Next(1, 9)))];
            var text = RandomText(random, random.Next(0, 60));
            var secrets = new SecretSet(forms);
            var expected = MaskWhole(text, forms);

            for (var size = 1; size <= 9; size++)
            {
                Assert.Equal(expected, MaskInChunks(secrets, text, () => size));
            }

            Assert.Equal(expected, MaskInChunks(secrets, text, () => random.Next(0, 20)));
        }
    }

    private static byte[] RandomText(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => (byte)('a' + random.Next(3)))];

    private static string MaskInChunks(SecretSet secrets, byte[] text, Func<int> size)
    {
        var masker = new SecretMasker(secrets);
        var output = new ArrayBufferWriter<byte>();
        for (var at = 0; at < text.Length;)
        {
            var length = Math.Min(size(), text.Length - at);
            masker.Write(text.AsSpan(at, length), output);
            at += length;
        }

        masker.Flush(output);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }

    /// <summary>The definition, without any cleverness: every byte of every occurrence is covered, every covered run is one mask.</summary>
    private static string MaskWhole(byte[] text, byte[][] forms)
    {
        var covered = new bool[text.Length];
        foreach (var form in forms)
        {
            for (var at = 0; at + form.Length <= text.Length; at++)
            {
                if (text.AsSpan(at, form.Length).SequenceEqual(form))
                {
                    covered.AsSpan(at, form.Length).Fill(true);
                }
            }
        }

        var masked = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            masked.Append(!covered[i] ? ((char)text[i]).ToString() : i > 0 && covered[i - 1] ? "" : "***");
        }

        return masked.ToString();
    }
}
