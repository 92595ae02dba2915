using System.Text;
using Control.Cli.CommandLine;

namespace Control.Cli.Tests;

/// <summary>Runs command lines as the program does, with a home folder of its own.</summary>
internal sealed class CliHarness : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("control-cli").FullName;

    public Dictionary<string, string> Environment { get; } = [];

    public string Input { get; set; } = "";

    public bool CanAsk { get; set; }

    public string Hidden { get; set; } = "";

    public CliServices? Services { get; private set; }

    public Func<CliServices, CliServices> Adjust { get; set; } = services => services;

    public string ConfigPath => Path.Combine(_home, ".config", "control", "config.json");

    public string PathOf(string name) => Path.Combine(_home, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        return PathOf(name);
    }

    /// <summary>With the server and a token in the environment, as scripts have them.</summary>
    public CliHarness At(FakeServer server)
    {
        Environment["CONTROL_SERVER"] = server.Address.ToString();
        Environment["CONTROL_TOKEN"] = "ctt_test.secret";
        Environment["CONTROL_WORKSPACE"] = "shop";
        return this;
    }

    public async Task<CliResult> RunAsync(params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter { NewLine = "\n" };
        Environment["HOME"] = _home;
        Services = Adjust(new CliServices
        {
            Terminal = new Terminal
            {
                Out = output,
                Error = error,
                In = new StringReader(Input),
                CanAsk = CanAsk,
                ReadHidden = () => Hidden,
            },
            Environment = name => Environment.GetValueOrDefault(name),
        });
        var code = await CommandRunner.RunAsync(Program.CreateRoot(Services), arguments, Services);
        return new CliResult(code, output.ToArray(), error.ToString());
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);
}

/// <summary>What a command line left behind.</summary>
internal sealed record CliResult(int Code, byte[] Bytes, string Error)
{
    public string Output => Encoding.UTF8.GetString(Bytes);
}
