using System.Runtime.InteropServices;
using Control.Contracts.Runs;
using Control.Storage.Databases;
using Control.Storage.Signals;

namespace Control.Storage.Logs;

/// <summary>One chunk on its way. Repeating it after an unknown outcome finds the chunk below the length: accepted.</summary>
internal sealed class AppendOperation(AttemptId attempt, long offset, ReadOnlyMemory<byte> bytes, ChangeSignal signal)
    : WriteOperation<LogAppend>(bytes.Length + 128)
{
    private readonly string _attempt = attempt.ToString();
    private LogAppend? _answer;
    private bool _grown;

    /// <inheritdoc/>
    protected override LogAppend Result => _answer!;

    /// <inheritdoc/>
    public override void Apply(Session session)
    {
        var (id, length) = Find(session);
        var end = offset + bytes.Length;
        _grown = offset == length && !bytes.IsEmpty;
        if (_grown)
        {
            Write(session, id, end);
            length = end;
        }

        _answer = new LogAppend(end <= length, length);
    }

    /// <inheritdoc/>
    public override void Succeed()
    {
        base.Succeed();
        if (_grown)
            signal.Raise(SubjectKey.Log(attempt));
    }

    private (long? Id, long Length) Find(Session session)
    {
        using var row = session.Query(LogStatements.Find, _attempt);
        return row.Read() ? (row.GetInt64(0), row.GetInt64(1)) : (null, 0);
    }

    private void Write(Session session, long? id, long length)
    {
        if (id is { } known)
            session.Execute(LogStatements.Grow, length, known);
        else
            id = Create(session, length);
        session.Execute(LogStatements.AddChunk, id, offset, Array());
    }

    private long Create(Session session, long length)
    {
        using var row = session.Query(LogStatements.Create, _attempt, length);
        row.Read();
        return row.GetInt64(0);
    }

    // The driver takes whole arrays only.
    private byte[] Array() =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Count == segment.Array!.Length ? segment.Array : bytes.ToArray();
}
