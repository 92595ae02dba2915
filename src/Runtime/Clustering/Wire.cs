using System.Collections.Frozen;
using System.Diagnostics;
using Control.Runtime.Codecs;
using Orleans.Runtime;

namespace Control.Runtime.Clustering;

/// <summary>
/// Calls and outcomes as bytes. A method is named by a hash of its interface's and its own alias, so both may be renamed in
/// code; members that one version has and the other not are skipped by the codecs.
/// </summary>
internal sealed class Wire
{
    /// <summary>Of the frames and what is around arguments. Silos of two numbers do not talk; raise it only with a way to update.</summary>
    public const int Protocol = 1;

    private const int MaxContextEntries = 64;

    [ThreadStatic]
    private static WireWriter? _writer;

    private readonly GrainClasses _classes;
    private readonly FrozenDictionary<ulong, GrainMethod> _methods;
    private readonly FrozenDictionary<GrainMethod, ulong> _names;

    public Wire(GrainClasses classes, IFaultCodec? faults)
    {
        _classes = classes;
        Faults = new Faults(faults);
        _methods = classes.Methods.ToFrozenDictionary(NameOf);
        _names = classes.Methods.ToFrozenDictionary(method => method, NameOf);
    }

    public Faults Faults { get; }

    /// <summary>An empty writer of this thread's.</summary>
    public static WireWriter Writer()
    {
        var writer = _writer ??= new WireWriter();
        writer.Clear();
        return writer;
    }

    public void WriteRequest(WireWriter writer, GrainRequest request, long number, long viewVersion, long timeoutMilliseconds)
    {
        writer.WriteVarint((ulong)number);
        writer.WriteVarint((ulong)viewVersion);
        writer.WriteVarint((ulong)request.Hops);
        writer.WriteVarint(request.Cancellation is null ? 0UL : 1UL);
        writer.WriteVarint((ulong)Math.Max(1, timeoutMilliseconds));
        writer.WriteString(request.Target.GrainId.Type.ToString());
        writer.WriteString(request.Target.GrainId.Key.ToString());
        writer.WriteFixed64(_names[request.Method]);
        writer.WriteString(request.Activity is { IdFormat: ActivityIdFormat.W3C, Id: { } trace } ? trace : "");
        WriteContext(writer, request.Context);
        request.WriteArguments(writer);
    }

    /// <summary>The number of a request and the view that it was sent by; both can be read even where the rest cannot.</summary>
    public static (long Number, long ViewVersion) ReadRequestHead(ref WireReader reader) => ((long)reader.ReadVarint(), (long)reader.ReadVarint());

    /// <summary>A request after its head.</summary>
    /// <exception cref="WireFormatException">It is none.</exception>
    /// <exception cref="ArgumentException">This version of the silo has no such method or grain class.</exception>
    public (GrainRequest Request, long TimeoutMilliseconds) ReadRequest(ref WireReader reader, IGrainRouter router)
    {
        var hops = (int)Math.Min(reader.ReadVarint(), 1000);
        var isFollowed = reader.ReadVarint() == 1;
        var timeout = (long)Math.Min(reader.ReadVarint(), (ulong)TimeSpan.FromDays(1).TotalMilliseconds);
        var grain = GrainId.Create(reader.ReadString(), reader.ReadString());
        if (!_methods.TryGetValue(reader.ReadFixed64(), out var method)) throw new ArgumentException($"This silo's version knows no such method of {grain.Type}.");
        _classes.ClassOf(grain.Type);
        var request = method.Create();
        request.Hops = hops + 1;
        request.Target = _classes.InterfaceOf(method.InterfaceType).Refer(new GrainTarget(grain, router));
        request.Activity = ReadTrace(reader.ReadString(), method);
        request.Context = ReadContext(ref reader);
        request.ReadArguments(ref reader);
        if (isFollowed)
        {
            request.Cancellation = new CallCancellation();
            request.Token = request.Cancellation.Callee.Token;
        }

        return (request, timeout);
    }

    // Only what is text: the rest is for callees in the same process.
    private static void WriteContext(WireWriter writer, Dictionary<string, object>? context)
    {
        var texts = context?.Where(entry => entry.Value is string).ToArray() ?? [];
        writer.WriteVarint((ulong)texts.Length);
        foreach (var (name, value) in texts)
        {
            writer.WriteString(name);
            writer.WriteString((string)value);
        }
    }

    private static Dictionary<string, object>? ReadContext(ref WireReader reader)
    {
        var count = reader.ReadCount(2);
        if (count == 0) return null;
        if (count > MaxContextEntries) throw reader.Corrupt("a call has too much context");
        var context = new Dictionary<string, object>(count);
        for (var i = 0; i < count; i++) context[reader.ReadString()] = reader.ReadString();
        return context;
    }

    private static Activity? ReadTrace(string trace, GrainMethod method)
    {
        if (trace.Length == 0) return null;
        var current = Activity.Current;
        var activity = new Activity(method.Name).SetParentId(trace).Start();
        Activity.Current = current;
        return activity;
    }

    private static ulong NameOf(GrainMethod method)
    {
        var hash = 14695981039346656037UL;
        foreach (var unit in $"{method.InterfaceAlias}/{method.Alias}") hash = (hash ^ unit) * 1099511628211UL;
        return hash;
    }
}
