using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Control.Api.Http.Metrics;

/// <summary>All series of one name. Their number is limited: further label sets share one series marked as overflow.</summary>
internal sealed class MetricFamily
{
    /// <summary>Most series of a family.</summary>
    public const int MaxSeries = 1_000;

    private const string Overflow = "otel_metric_overflow=\"true\"";

    /// <summary>Seconds, as OpenTelemetry's HTTP conventions advise; instruments may advise others.</summary>
    private static readonly ImmutableArray<double> DefaultBounds =
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly ConcurrentDictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly ImmutableArray<double> _bounds;
    private readonly string _type;
    private readonly string _help;
    private readonly bool _replaces;

    public MetricFamily(string name, Instrument instrument)
    {
        Name = name;
        IsObserved = instrument.IsObservable;
        _help = (instrument.Description ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        _replaces = MetricNames.IsGauge(instrument) && !IsObserved;
        _type = MetricNames.IsHistogram(instrument) ? "histogram" : MetricNames.IsCounter(instrument) ? "counter" : "gauge";
        _bounds = _type == "histogram" ? Bounds(instrument) : [];
    }

    public string Name { get; }

    /// <summary>Its values are asked for at each collection, rather than told when they change.</summary>
    public bool IsObserved { get; }

    public void Clear() => _series.Clear();

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = tags.Length == 0 ? "" : Labels(tags);
        if (!_series.TryGetValue(labels, out var series))
        {
            labels = _series.Count < MaxSeries ? labels : Overflow;
            series = _series.GetOrAdd(labels, _ => new MetricSeries(_bounds));
        }

        series.Record(value, _replaces);
    }

    public void WriteTo(StringBuilder text)
    {
        if (_series.IsEmpty)
        {
            return;
        }

        text.Append("# HELP ").Append(Name).Append(' ').Append(_help).Append('\n');
        text.Append("# TYPE ").Append(Name).Append(' ').Append(_type).Append('\n');
        foreach (var (labels, series) in _series.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            series.WriteTo(text, Name, labels);
        }
    }

    private static ImmutableArray<double> Bounds(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(b => (double)b)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(b => (double)b)],
        _ => DefaultBounds,
    };

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(MetricNames.Clean(name)).Append("=\"").Append(Escape(value)).Append('"');
        }

        return text.ToString();
    }

    private static string Escape(object? value)
    {
        var text = value switch { bool b => b ? "true" : "false", null => "", _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "" };
        text = text.Length <= 200 ? text : text[..200];
        return text.AsSpan().ContainsAny('\\', '"', '\n')
            ? text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
            : text;
    }
}

/// <summary>One label set's value or distribution.</summary>
internal sealed class MetricSeries(ImmutableArray<double> bounds)
{
    private readonly long[] _buckets = new long[bounds.Length];
    private readonly Lock _lock = new();
    private double _value;
    private long _count;

    public void Record(double value, bool replaces)
    {
        lock (_lock)
        {
            _value = replaces ? value : _value + value;
            _count++;
            for (var i = bounds.Length - 1; i >= 0 && value <= bounds[i]; i--)
            {
                _buckets[i]++;
            }
        }
    }

    public void WriteTo(StringBuilder text, string name, string labels)
    {
        lock (_lock)
        {
            if (bounds.IsEmpty)
            {
                Line(text, name, labels, _value);
                return;
            }

            var more = labels.Length == 0 ? "" : labels + ",";
            for (var i = 0; i < bounds.Length; i++)
            {
                Line(text, name + "_bucket", $"{more}le=\"{Number(bounds[i])}\"", _buckets[i]);
            }

            Line(text, name + "_bucket", more + "le=\"+Inf\"", _count);
            Line(text, name + "_sum", labels, _value);
            Line(text, name + "_count", labels, _count);
        }
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);
}
