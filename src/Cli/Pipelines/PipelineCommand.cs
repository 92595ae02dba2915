using System.CommandLine;
using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Cli.Retention;
using Control.Contracts.Pipelines;

namespace Control.Cli.Pipelines;

/// <summary><c>control pipeline</c>.</summary>
internal static class PipelineCommand
{
    /// <summary>Largest definition the server takes, in bytes.</summary>
    public const int MaxBytes = 256 * 1024;

    public static Command Create(CommandFactory cli) => CommandFactory.Group(
        "pipeline",
        "Pipelines and their definitions.",
        List(cli),
        Get(cli),
        Put(cli),
        Delete(cli),
        Versions(cli),
        Retention(cli),
        PipelineRun.Create(cli),
        PipelineLint.Create(cli),
        Schema(cli),
        PipelineInit.Create(cli));

    public static Option<string> FileOption() =>
        new("--file", "-f") { Description = "The definition, YAML or JSON; - for standard input.", HelpName = "file", Required = true };

    private static Argument<string> PipelineArgument() => new("pipeline") { Description = "PIPELINE or WORKSPACE/PIPELINE." };

    private static Command List(CommandFactory cli)
    {
        var page = new PageOptions();
        return cli.Action("list", "List the pipelines of the workspace.", [page.Limit, page.Cursor], async (call, cancel) =>
        {
            call.Output.Page(await call.Client.ListPipelinesAsync(call.Workspace, page.Query(call), cancel), Pipelines(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Get(CommandFactory cli)
    {
        var pipeline = PipelineArgument();
        var definition = new Option<bool>("--definition") { Description = "Print the definition as it was put." };
        var version = new Option<long?>("--definition-version") { Description = "Print this version of the definition.", HelpName = "n" };
        return cli.Action("get", "Show a pipeline or its definition.", [pipeline, definition, version], async (call, cancel) =>
        {
            var id = PipelineReference.Parse(call, call.Get(pipeline));
            if (call.Get(definition) || call.Get(version) is not null)
            {
                var text = await call.Client.GetDefinitionAsync(id, call.Get(version), cancel);
                call.Output.Local(new { text }, text);
            }
            else
            {
                call.Output.Value(await call.Client.GetPipelineAsync(id, cancel), view => Describe(call, view));
            }

            return ExitCodes.Succeeded;
        });
    }

    private static Command Put(CommandFactory cli)
    {
        var (pipeline, file) = (PipelineArgument(), FileOption());
        var version = new Option<long?>("--if-version") { Description = "Only when the pipeline is still at this version.", HelpName = "n" };
        var create = new Option<bool>("--create-only") { Description = "Only when there is no such pipeline." };
        const string Description = "Make a pipeline, or give it a new definition.";
        return cli.Action("put", Description, [pipeline, file, version, create], async (call, cancel) =>
        {
            var id = PipelineReference.Parse(call, call.Get(pipeline));
            var path = call.Get(file)!;
            var text = Inputs.ReadText(call.Services, path, MaxBytes);
            try
            {
                var answer = await call.Client.PutPipelineAsync(id, text, call.Get(version), call.Get(create), cancel);
                call.Output.Value(answer, view => $"{view.Id} version {view.DefinitionVersion}\n");
                return ExitCodes.Succeeded;
            }
            catch (ProblemException e) when (e.Problem.Errors.Any(error => error.Line > 0))
            {
                PipelineLint.ShowOnError(call, path, e.Problem.Errors);
                return ExitCodes.Failed;
            }
        });
    }

    private static Command Delete(CommandFactory cli)
    {
        var pipeline = PipelineArgument();
        return cli.Action("delete", "Delete a pipeline that has no unfinished run.", [pipeline], async (call, cancel) =>
        {
            var id = PipelineReference.Parse(call, call.Get(pipeline));
            await call.Client.DeletePipelineAsync(id, cancel);
            call.Output.Note($"Deleted pipeline {id}");
            return ExitCodes.Succeeded;
        });
    }

    private static Command Versions(CommandFactory cli)
    {
        var (pipeline, page) = (PipelineArgument(), new PageOptions());
        return cli.Action("versions", "List a pipeline's definitions, newest first.", [pipeline, page.Limit, page.Cursor], async (call, cancel) =>
        {
            var id = PipelineReference.Parse(call, call.Get(pipeline));
            call.Output.Page(await call.Client.ListVersionsAsync(id, page.Query(call), cancel), Definitions(call.Now));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Retention(CommandFactory cli)
    {
        var pipeline = PipelineArgument();
        return cli.Action("retention", "Show which of a pipeline's ended runs are kept, by whose policy, and how many have gone.", [pipeline], async (call, cancel) =>
        {
            call.Output.Value(await call.Client.GetRetentionAsync(PipelineReference.Parse(call, call.Get(pipeline)), cancel), info => new Details()
                .Add("keeps", info.Policy is { } policy ? PolicyText.Of(policy) : "all runs")
                .Add("policy of", info.Source is { } source ? $"the {source}" : "nobody")
                .Add("deleted", info.Deleted == 0 ? "none" : $"{info.Deleted}, the last {Texts.Ago(info.LastDeletedAt ?? call.Now, call.Now)}")
                .Render(call.Output.Color));
            return ExitCodes.Succeeded;
        });
    }

    private static Command Schema(CommandFactory cli) =>
        cli.Action("schema", "Print the JSON Schema of definitions, for editors.", [], async (call, cancel) =>
        {
            call.Output.Text((await call.Client.GetPipelineSchemaAsync(cancel)).TrimEnd() + "\n");
            return ExitCodes.Succeeded;
        });

    private static string Describe(Call call, PipelineView view) => new Details()
        .Add("pipeline", view.Id.ToString())
        .Add("description", view.Description)
        .Add("definition", $"version {view.DefinitionVersion}, put {Texts.Ago(view.UpdatedAt, call.Now)} by {view.UpdatedBy.Name}")
        .Add("latest run", view.LastRun == 0 ? "none" : $"#{view.LastRun}")
        .Add("keeps", view.Retention is { } policy ? PolicyText.Of(policy) : null)
        .Add("created", Texts.Ago(view.CreatedAt, call.Now))
        .Add("version", view.Version.ToString(CultureInfo.InvariantCulture))
        .Render(call.Output.Color);

    private static Table<PipelineView> Pipelines(DateTimeOffset now) => new(
        ("NAME", view => view.Id.Name),
        ("LATEST RUN", view => view.LastRun == 0 ? "none" : $"#{view.LastRun}"),
        ("UPDATED", view => Texts.Ago(view.UpdatedAt, now)),
        ("BY", view => view.UpdatedBy.Name),
        ("DESCRIPTION", view => view.Description));

    private static Table<DefinitionInfo> Definitions(DateTimeOffset now) => new(
        ("VERSION", info => info.Number.ToString(CultureInfo.InvariantCulture)),
        ("PUT", info => Texts.Ago(info.At, now)),
        ("BY", info => info.By.Name));
}
