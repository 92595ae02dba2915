using System.Text;

namespace Control.Cli;

/// <summary>The process's ends as seen by commands; tests put their own in.</summary>
public sealed record Terminal
{
    /// <summary>Standard output, for results only.</summary>
    public required Stream Out { get; init; }

    /// <summary>Standard error, for everything else.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard input.</summary>
    public required TextReader In { get; init; }

    /// <summary>True when a person reads standard output.</summary>
    public bool OutIsTerminal { get; init; }

    /// <summary>True when a person can be asked: standard input and error are a terminal.</summary>
    public bool CanAsk { get; init; }

    /// <summary>Lines of the terminal, for the live view.</summary>
    public Func<int> Height { get; init; } = () => 24;

    /// <summary>Reads a line without showing it.</summary>
    public Func<string> ReadHidden { get; init; } = () => throw new InvalidOperationException("Nobody to ask.");

    /// <summary>The process's own.</summary>
    public static Terminal OfProcess() => new()
    {
        Out = Console.OpenStandardOutput(),
        Error = Console.Error,
        In = Console.In,
        OutIsTerminal = !Console.IsOutputRedirected,
        CanAsk = !Console.IsInputRedirected && !Console.IsErrorRedirected,
        Height = () => Console.WindowHeight,
        ReadHidden = ReadHiddenFromConsole,
    };

    private static string ReadHiddenFromConsole()
    {
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                text.Length = Math.Max(0, text.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                text.Append(key.KeyChar);
            }
        }

        Console.Error.WriteLine();
        return text.ToString();
    }
}
