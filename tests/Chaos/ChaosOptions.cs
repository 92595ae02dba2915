using System.Globalization;

namespace Control.Chaos;

/// <summary>What the environment says about a fault run.</summary>
/// <param name="Duration">How long there are faults and new runs; the quiet end comes after it.</param>
/// <param name="Seed">Of the plan and the load.</param>
/// <param name="Output">Where the history goes when something is wrong.</param>
internal sealed record ChaosOptions(TimeSpan Duration, int Seed, string Output)
{
    private const double DefaultMinutes = 3;
    private const double MostMinutes = 24 * 60;

    /// <summary>From <c>CHAOS_MINUTES</c> (0.25 to 1440, default 3), <c>CHAOS_SEED</c> (default: a new one) and <c>CHAOS_OUTPUT</c>.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names the cure.</exception>
    public static ChaosOptions FromEnvironment() => new(
        TimeSpan.FromMinutes(Number("CHAOS_MINUTES", DefaultMinutes, 0.25, MostMinutes)),
        (int)Number("CHAOS_SEED", Random.Shared.Next(1, 1_000_000), 0, int.MaxValue),
        Path.GetFullPath(Environment.GetEnvironmentVariable("CHAOS_OUTPUT") is { Length: > 0 } folder ? folder : "artifacts/chaos"));

    private static double Number(string name, double otherwise, double least, double most)
    {
        if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 } text) return otherwise;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{name} is '{text}': give a number from {least} to {most}."));
    }
}
