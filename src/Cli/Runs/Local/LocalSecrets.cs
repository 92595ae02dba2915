using System.Collections.Immutable;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Agents;
using Control.Contracts.Workspaces;

namespace Control.Cli.Runs.Local;

/// <summary>The secrets of a run without a server. Values come from files only: arguments can be seen by others.</summary>
internal sealed class LocalSecrets
{
    private const int MaxBytes = 64 * 1024;

    private readonly Dictionary<string, SecretValue> _values = new(StringComparer.Ordinal);

    /// <summary>Reads what <c>--secret NAME=@FILE</c> and <c>--env-file FILE</c> name; the former win.</summary>
    /// <exception cref="UsageException">It is not written so, or a file cannot be read.</exception>
    public static LocalSecrets Read(CliServices services, string[]? secrets, string[]? files)
    {
        var all = new LocalSecrets();
        foreach (var file in files ?? [])
        {
            all.AddFile(file, Inputs.ReadText(services, file, MaxBytes * 16));
        }

        foreach (var (name, value) in Inputs.Pairs(secrets))
        {
            all.Set(name, value is ['@', _, ..]
                ? Inputs.ReadText(services, value[1..], MaxBytes)
                : throw new UsageException($"The secret {Texts.Clean(name)} is not given as NAME=@FILE. A value on the command line could be seen by others, so it is read from a file."));
        }

        return all;
    }

    /// <summary>Sets a secret, or with <c>NAME.user</c> and <c>NAME.password</c> a part of one.</summary>
    /// <exception cref="UsageException">There can be no secret of that name.</exception>
    public void Set(string field, string value)
    {
        var (name, part) = field.Split('.') is [var whole, var named] ? (whole, named) : (field, "text");
        var known = _values.GetValueOrDefault(Call.CheckedName("secret", name), new SecretValue());
        _values[name] = part switch
        {
            "text" => known with { Text = value },
            "user" => known with { User = value },
            "password" => known with { Password = value },
            _ => throw new UsageException($"A secret has no field '{Texts.Clean(part)}'. It has text or, for a password, user and password."),
        };
    }

    /// <summary>What the job gets: the values it names, or which of them are missing.</summary>
    public AssignmentMessage Fill(Assignment assignment)
    {
        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var secret in assignment.Secrets)
        {
            if (Field(_values.GetValueOrDefault(secret.Secret), secret.Field) is { } value)
            {
                values[secret.Name] = value;
            }
            else
            {
                missing.Add(secret.Secret);
            }
        }

        return new AssignmentMessage(assignment, values.ToImmutable(), null, null, [.. missing]);
    }

    private static string? Field(SecretValue? value, string field) => field switch
    {
        "text" => value?.Text,
        "user" => value?.User,
        "password" => value?.Password,
        _ => null,
    };

    // NAME=VALUE, one a line; empty lines and those that begin with # mean nothing.
    private void AddFile(string file, string text)
    {
        foreach (var (line, number) in text.ReplaceLineEndings("\n").Split('\n').Select((line, i) => (line, i + 1)))
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                // Not the line itself: it may be a secret.
                throw new UsageException($"Line {number} of {file} is not NAME=VALUE.");
            }

            Set(line[..equals], line[(equals + 1)..]);
        }
    }
}
