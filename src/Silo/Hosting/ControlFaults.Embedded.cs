using System.Text.Json;
using Control.Contracts;
using Control.Contracts.Errors;
using Control.Runtime.Clustering;

namespace Control.Silo.Hosting;

/// <summary>Takes <see cref="ControlException"/> from silo to silo with its code and fields.</summary>
internal sealed class ControlFaults : IFaultCodec
{
    public byte[]? Write(Exception fault) => fault is ControlException known
        ? JsonSerializer.SerializeToUtf8Bytes(new Told(known.Code, known.Message, [.. known.Fields]), ContractJson.Options)
        : null;

    public Exception? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<Told>(bytes, ContractJson.Options) is { Code: not null, Message: not null } told
                ? new ControlException(told.Code, told.Message, [.. told.Fields ?? []])
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Told(string Code, string Message, FieldError[]? Fields);
}
