using Control.Runtime.Codecs;
using Orleans.Runtime;
using Orleans.Storage;

namespace Control.Runtime.Clustering;

/// <summary>Faults as bytes. Those of the engine keep their types, those of the application where its codec knows them; any other arrives as its text.</summary>
internal sealed class Faults(IFaultCodec? application)
{
    private enum Kind : byte
    {
        Other = 1,
        Application = 2,
        Inconsistent = 3,
        Limit = 4,
        Timeout = 5,
        Unavailable = 6,
        Wire = 7,
    }

    public void Write(WireWriter writer, Exception fault)
    {
        if (application?.Write(fault) is { } bytes)
        {
            Begin(writer, Kind.Application);
            writer.WriteBytes(bytes);
            return;
        }

        var kind = KindOf(fault);
        Begin(writer, kind);
        writer.WriteString(kind == Kind.Other && fault is not OrleansException ? $"{fault.GetType().FullName}: {fault.Message}" : fault.Message);
    }

    public Exception Read(ref WireReader reader)
    {
        var kind = (Kind)reader.ReadVarint();
        if (kind == Kind.Application) return application?.Read(reader.ReadBytes()) ?? throw reader.Corrupt("a fault cannot be read");
        var message = reader.ReadString();
        return kind switch
        {
            Kind.Inconsistent => new InconsistentStateException(message),
            Kind.Limit => new LimitExceededException(message),
            Kind.Timeout => new TimeoutException(message),
            Kind.Unavailable => new SiloUnavailableException(message),
            Kind.Wire => new WireFormatException(message),
            _ => new OrleansException(message),
        };
    }

    private static void Begin(WireWriter writer, Kind kind) => writer.WriteVarint((ulong)kind);

    private static Kind KindOf(Exception fault) => fault switch
    {
        InconsistentStateException => Kind.Inconsistent,
        LimitExceededException => Kind.Limit,
        TimeoutException => Kind.Timeout,
        OrleansMessageRejectionException => Kind.Unavailable,
        WireFormatException => Kind.Wire,
        _ => Kind.Other,
    };
}
