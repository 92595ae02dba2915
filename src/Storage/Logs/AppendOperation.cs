using System.Runtime.InteropServices;
using Control.Contracts.Runs;
using Control.Storage.Databases;
using Control.Storage.Signals;

namespace Control.Storage.Logs;

/// <summary>One chunk on its way. Repeating it after an unknown outcome finds the chunk below the length: accepted.</summary>
internal sealed class AppendOperation(AttemptId attempt, long offset, ReadOnlyMemory<byte> bytes, ChangeSignal signal)
    : WriteOperation<LogAppend>(bytes.Length + 128)
{
    private LogAppend? _answer;
    private bool _grown;

    /// <inheritdoc/>
    public override WriteSet Set => AppendSet.Instance;

    /// <summary>Whose log.</summary>
    public string Attempt { get; } = attempt.ToString();

    /// <summary>Where the chunk begins.</summary>
    public long Offset => offset;

    /// <summary>Where it ends.</summary>
    public long End => offset + bytes.Length;

    /// <summary>The chunk. The drivers take whole arrays only.</summary>
    public byte[] Bytes =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Count == segment.Array!.Length ? segment.Array : bytes.ToArray();

    /// <inheritdoc/>
    protected override LogAppend Result => _answer!;

    /// <inheritdoc/>
    public override void Apply(Session session)
    {
        var (id, length) = Find(session);
        if (offset == length && !bytes.IsEmpty)
        {
            Write(session, id);
            Grown();
        }
        else
        {
            NotGrown(length);
        }
    }

    /// <summary>The chunk was added.</summary>
    public void Grown() => (_grown, _answer) = (true, new LogAppend(true, End));

    /// <summary>It was not: it lies below the length, or beyond.</summary>
    public void NotGrown(long length) => (_grown, _answer) = (false, new LogAppend(End <= length, length));

    /// <inheritdoc/>
    public override void Succeed()
    {
        base.Succeed();
        if (_grown)
            signal.Raise(SubjectKey.Log(attempt));
    }

    private (long? Id, long Length) Find(Session session)
    {
        using var row = session.Query(LogStatements.Find, Attempt);
        return row.Read() ? (row.GetInt64(0), row.GetInt64(1)) : (null, 0);
    }

    private void Write(Session session, long? id)
    {
        if (id is { } known)
            session.Execute(LogStatements.Grow, End, known);
        else
            id = Create(session);
        session.Execute(LogStatements.AddChunk, id, offset, Bytes);
    }

    private long Create(Session session)
    {
        using var row = session.Query(LogStatements.Create, Attempt, End);
        row.Read();
        return row.GetInt64(0);
    }
}
