using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Control.Contracts.Agents;

/// <summary>An agent's id, given by the server when it joins; a <see cref="ResourceName"/>.</summary>
/// <param name="Value">The text.</param>
[GenerateSerializer, Immutable, Alias("control.agent-id"), JsonConverter(typeof(IdJsonConverter<AgentId>))]
public readonly record struct AgentId([property: Id(0)] string Value) : IParsable<AgentId>
{
    /// <inheritdoc/>
    public static AgentId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is not an agent id.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out AgentId result)
    {
        result = new AgentId(s ?? "");
        return ResourceName.IsValid(s);
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>
/// The labels a job demands, in canonical form (sorted, distinct, joined by commas; <c>*</c> when there are none). Jobs
/// with the same set wait in the same pool.
/// </summary>
/// <param name="Value">The canonical text.</param>
[GenerateSerializer, Immutable, Alias("control.pool-key"), JsonConverter(typeof(IdJsonConverter<PoolKey>))]
public readonly record struct PoolKey([property: Id(0)] string Value) : IParsable<PoolKey>
{
    /// <summary>Between pool and workspace in the name of a queue; no label has it.</summary>
    public const char QueueMark = '@';

    /// <summary>The pool of a set of labels.</summary>
    public static PoolKey Of(IEnumerable<string> labels)
    {
        var key = string.Join(',', labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        return new PoolKey(key.Length == 0 ? "*" : key);
    }

    /// <summary>The pool that a queue belongs to.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static PoolKey OfQueue(string queue) => Parse(queue.Split(QueueMark)[0]);

    /// <summary>The name of the queue in which a workspace's attempts wait for this pool.</summary>
    public string QueueOf(string workspace) => $"{Value}{QueueMark}{workspace}";

    /// <summary>The labels, sorted.</summary>
    public IReadOnlyList<string> Labels => Value == "*" ? [] : Value.Split(',');

    /// <summary>True when an agent with <paramref name="labels"/> may take this pool's jobs.</summary>
    public bool IsServedBy(IReadOnlySet<string> labels) => labels.IsSupersetOf(Labels);

    /// <inheritdoc/>
    public static PoolKey Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var key) ? key : throw new FormatException($"'{s}' is not a pool key.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out PoolKey result)
    {
        result = new PoolKey(s ?? "*");
        return !string.IsNullOrEmpty(s) && Of(result.Labels) == result;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
