using System.Collections.Immutable;
using Control.Contracts.Errors;

namespace Control.Cli;

/// <summary>What commands need of the world around them.</summary>
public sealed record CliServices
{
    /// <summary>Where commands read and write.</summary>
    public required Terminal Terminal { get; init; }

    /// <summary>Environment variables by name; null for one that is not set.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Checks a pipeline definition on this machine, all errors at once; without it a server is asked.</summary>
    public Func<string, ImmutableArray<FieldError>>? LintLocally { get; init; }

    /// <summary>The process's own.</summary>
    public static CliServices OfProcess() => new()
    {
        Terminal = Terminal.OfProcess(),
        Environment = System.Environment.GetEnvironmentVariable,
    };
}
