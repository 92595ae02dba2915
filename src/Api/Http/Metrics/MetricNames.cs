using System.Diagnostics.Metrics;
using System.Text;

namespace Control.Api.Http.Metrics;

/// <summary>
/// Names as OpenTelemetry's compatibility rules give them: characters that Prometheus does not know become underscores, the
/// unit is spelled out at the end, counters end in <c>_total</c>.
/// </summary>
internal static class MetricNames
{
    public static string Of(Instrument instrument)
    {
        var name = Clean(instrument.Name);
        var unit = UnitName(instrument.Unit, IsGauge(instrument));
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal))
        {
            name += "_" + unit;
        }

        return IsCounter(instrument) && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <summary>True for sums that only grow.</summary>
    public static bool IsCounter(Instrument instrument) => Is(instrument, typeof(Counter<>)) || Is(instrument, typeof(ObservableCounter<>));

    /// <summary>True for distributions.</summary>
    public static bool IsHistogram(Instrument instrument) => Is(instrument, typeof(Histogram<>));

    /// <summary>True for values that replace the one before, rather than add to it.</summary>
    public static bool IsGauge(Instrument instrument) => Is(instrument, typeof(Gauge<>)) || Is(instrument, typeof(ObservableGauge<>));

    /// <summary>A name of a metric or label.</summary>
    public static string Clean(string name)
    {
        var clean = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            var next = char.IsAsciiLetterOrDigit(c) ? c : '_';
            if (next != '_' || clean.Length == 0 || clean[^1] != '_')
            {
                clean.Append(next);
            }
        }

        return clean.Length > 0 && char.IsAsciiDigit(clean[0]) ? "_" + clean : clean.ToString().TrimEnd('_');
    }

    private static string UnitName(string? unit, bool gauge) => unit switch
    {
        null or "" or ['{', ..] => "",
        "1" => gauge ? "ratio" : "",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "min" => "minutes",
        "By" => "bytes",
        "By/s" => "bytes_per_second",
        "%" => "percent",
        _ => Clean(unit),
    };

    private static bool Is(Instrument instrument, Type kind) => instrument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == kind;
}
