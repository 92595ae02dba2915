using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Contracts.Retention;

namespace Control.Cli.Retention;

/// <summary>Options that make up a policy.</summary>
internal sealed class PolicyOptions
{
    private readonly Option<int?> _keep = new("--keep") { Description = "Keep the newest so many ended runs; those beyond go.", HelpName = "n" };
    private readonly Option<string?> _age = new("--age") { Description = "Runs that ended longer ago go, such as 30d; an hour at least.", HelpName = "duration" };

    private readonly Option<int?> _keepSucceeded = new("--keep-succeeded")
    {
        Description = "Keep the newest so many runs that succeeded in any case. Default: 1.",
        HelpName = "n",
    };

    public IEnumerable<Option> All => [_keep, _age, _keepSucceeded];

    /// <summary>The policy given; null for none.</summary>
    /// <exception cref="UsageException">A figure is out of bounds, or there is no rule.</exception>
    public RetentionPolicy? Policy(Call call)
    {
        var (keep, age, succeeded) = (call.Get(_keep), Age(call.Get(_age)), call.Get(_keepSucceeded));
        if (keep is null && age is null)
        {
            return succeeded is null ? null : throw new UsageException("--keep-succeeded goes with --keep or --age.");
        }

        Check("--keep", keep, 1);
        Check("--keep-succeeded", succeeded, 0);
        return new RetentionPolicy(keep ?? 0, age ?? 0, succeeded ?? 1);
    }

    private static int? Age(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var seconds = Inputs.Duration(text).TotalSeconds;
        return seconds is >= RetentionPolicy.LeastAge and <= RetentionPolicy.MostAge
            ? (int)seconds
            : throw new UsageException("--age must be from 1h to 3650d.");
    }

    private static void Check(string option, int? value, int least)
    {
        if (value < least || value > RetentionPolicy.MostKept)
        {
            throw new UsageException($"{option} must be from {least} to {RetentionPolicy.MostKept}.");
        }
    }
}
