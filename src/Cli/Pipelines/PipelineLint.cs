using System.Collections.Immutable;
using System.CommandLine;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Errors;

namespace Control.Cli.Pipelines;

/// <summary><c>control pipeline lint</c>: errors as compilers print them, so that editors can jump to them.</summary>
internal static class PipelineLint
{
    public static Command Create(CommandFactory cli)
    {
        var file = PipelineCommand.FileOption();
        var remote = new Option<bool>("--remote") { Description = "Let the server check, with its rules, instead of this program." };
        return cli.Action("lint", "Check a definition; prints every error.", [file, remote], async (call, cancel) =>
        {
            var path = call.Get(file)!;
            var text = Inputs.ReadText(call.Services, path, PipelineCommand.MaxBytes);
            var errors = call.Services.LintLocally is { } lint && !call.Get(remote)
                ? lint(text)
                : await call.Client.LintAsync(text, cancel);
            call.Output.Local(errors, string.Concat(errors.Select(error => Line(path, error) + "\n")));
            call.Output.Note(errors.IsEmpty ? $"{path} is right." : $"{errors.Length} {(errors.Length == 1 ? "error" : "errors")}");
            return errors.IsEmpty ? ExitCodes.Succeeded : ExitCodes.Failed;
        });
    }

    /// <summary>Shows the errors of a refused definition on standard error.</summary>
    public static void ShowOnError(Call call, string path, ImmutableArray<FieldError> errors)
    {
        foreach (var error in errors)
        {
            call.Output.Diagnostic(Line(path, error));
        }

        call.Output.Error($"{path} was not accepted.");
    }

    private static string Line(string path, FieldError error)
    {
        var name = path == "-" ? "(standard input)" : path;
        var field = error.Field.Length == 0 ? "" : $"{error.Field}: ";
        var place = string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, error.Line)}:{Math.Max(1, error.Column)}");
        return Texts.Clean($"{name}:{place}: {field}{error.Message}");
    }
}
