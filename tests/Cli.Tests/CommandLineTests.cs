using System.CommandLine;
using Control.Cli.CommandLine;

namespace Control.Cli.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("7d", 604800)]
    public void Duration_Valid_IsRead(string text, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Inputs.Duration(text));

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("h")]
    [InlineData("0s")]
    [InlineData("1x")]
    [InlineData("-1h")]
    [InlineData("9999999d")]
    [InlineData("999999d999999d999999d999999d999999d999999d999999d999999d999999d999999d999999d999999d")]
    [InlineData("12345678901234567890s")]
    public void Duration_Invalid_IsRefused(string text) => Assert.Throws<UsageException>(() => Inputs.Duration(text));

    [Fact]
    public void EveryCommand_HasADescription()
    {
        using var cli = new CliHarness();
        var root = Program.CreateRoot(new CliServices
        {
            Terminal = new Terminal { Out = Stream.Null, Error = TextWriter.Null, In = TextReader.Null },
            Environment = _ => null,
        });

        Assert.All(All(root), command => Assert.False(string.IsNullOrEmpty(command.Description), command.Name));
        Assert.All(All(root).SelectMany(c => c.Options), option => Assert.False(string.IsNullOrEmpty(option.Description), option.Name));
    }

    [Fact]
    public async Task Version_Formats_PrintOnlyTheDocument()
    {
        using var cli = new CliHarness();

        Assert.Matches("^control [0-9.]+\n$", (await cli.RunAsync("version")).Output);
        Assert.Matches("^version: \"[0-9.]+\"\n$", (await cli.RunAsync("version", "-o", "yaml")).Output);
        Assert.Matches("^{\n  \"version\": \"[0-9.]+\"\n}\n$", (await cli.RunAsync("version", "-o", "json")).Output);
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);
}
