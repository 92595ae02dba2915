using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Pipelines;
using Control.Contracts.Pipelines;
using Control.Contracts.Workspaces;

namespace Control.Cli.Workspaces;

/// <summary><c>control secret</c>. Values come from files, standard input or a prompt, never from arguments, which other users of the machine can see.</summary>
internal static class SecretCommand
{
    /// <summary>Longest value the server takes, in bytes.</summary>
    private const int MaxBytes = 64 * 1024;

    public static Command Create(CommandFactory cli) =>
        CommandFactory.Group("secret", "Secrets of a workspace or a pipeline; their values are never shown.", List(cli), Set(cli), Delete(cli));

    private static Command List(CommandFactory cli)
    {
        var (page, pipeline) = (new PageOptions(), PipelineOption());
        return cli.Action("list", "List the secrets of the workspace, or those of one pipeline alone.", [page.Limit, page.Cursor, pipeline], async (call, cancel) =>
        {
            var answer = Pipeline(call, pipeline) is { } id
                ? await call.Client.ListSecretsAsync(id, page.Query(call), cancel)
                : await call.Client.ListSecretsAsync(call.Workspace, page.Query(call), cancel);
            call.Output.Page(answer, Secrets(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Set(CommandFactory cli)
    {
        var name = new Argument<string>("name") { Description = "The secret." };
        var kind = new Option<SecretKind?>("--kind")
        {
            Description = "What shape the value has; a password goes with --user. Default: text.",
        }.OneOf();
        var user = new Option<string?>("--user") { Description = "The user name of a password.", HelpName = "name" };
        var file = new Option<string?>("--from-file") { Description = "Read the value from this file.", HelpName = "file" };
        var stdin = new Option<bool>("--stdin") { Description = "Read the value from standard input." };
        var pipeline = PipelineOption();
        return cli.Action("set", "Set a secret's value.", [name, kind, user, file, stdin, pipeline], async (call, cancel) =>
        {
            var secret = Call.CheckedName("secret", call.Get(name));
            var shape = call.Get(kind) ?? SecretKind.Text;
            CheckKind(shape, call.Get(user));
            var text = Inputs.ReadSecret(call, call.Get(file), call.Get(stdin), $"Value of {secret}", MaxBytes + 1);
            var value = Value(shape, call.Get(user), text);
            var answer = Pipeline(call, pipeline) is { } id
                ? await call.Client.SetSecretAsync(id, secret, shape, value, cancel)
                : await call.Client.SetSecretAsync(call.Workspace, secret, shape, value, cancel);
            call.Output.Value(answer, view => $"{view.Name}\n");
            return ExitCodes.Succeeded;
        });
    }

    private static Command Delete(CommandFactory cli)
    {
        var name = new Argument<string>("name") { Description = "The secret." };
        var pipeline = PipelineOption();
        return cli.Action("delete", "Remove a secret.", [name, pipeline], async (call, cancel) =>
        {
            var secret = Call.CheckedName("secret", call.Get(name));
            var deleted = Pipeline(call, pipeline) is { } id
                ? call.Client.DeleteSecretAsync(id, secret, cancel)
                : call.Client.DeleteSecretAsync(call.Workspace, secret, cancel);
            await deleted;
            call.Output.Note($"Deleted secret {secret}");
            return ExitCodes.Succeeded;
        });
    }

    private static Option<string?> PipelineOption() => new("--pipeline")
    {
        Description = "Of this pipeline alone: PIPELINE or WORKSPACE/PIPELINE. Its jobs get it in place of the workspace's of that name.",
        HelpName = "pipeline",
    };

    private static PipelineId? Pipeline(Call call, Option<string?> option) =>
        call.Get(option) is { } text ? PipelineReference.Parse(call, text) : null;

    private static void CheckKind(SecretKind kind, string? user)
    {
        if (kind == SecretKind.Password != user is not null)
        {
            throw new UsageException(user is null ? "--kind password needs --user NAME." : "--user goes with --kind password.");
        }
    }

    /// <summary>The value; the line end that editors and shells put after texts and passwords is no part of them, but of keys.</summary>
    private static SecretValue Value(SecretKind kind, string? user, string text)
    {
        var line = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        return kind switch
        {
            SecretKind.Password => new SecretValue(User: user, Password: line),
            SecretKind.SshKey => new SecretValue(Text: text),
            _ => new SecretValue(Text: line),
        };
    }

    private static Table<SecretView> Secrets(DateTimeOffset now) => new(
        ("NAME", view => view.Name),
        ("KIND", view => Texts.Word(view.Kind)),
        ("UPDATED", view => Texts.Ago(view.UpdatedAt, now)),
        ("BY", view => view.UpdatedBy.Name));
}
