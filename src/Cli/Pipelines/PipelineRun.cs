using System.Collections.Immutable;
using System.CommandLine;
using Control.Agent.Local;
using Control.Cli.CommandLine;
using Control.Cli.Hosting;
using Control.Cli.Output;
using Control.Cli.Runs;
using Control.Cli.Runs.Local;
using Control.Contracts;
using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Engine.Pipelines;
using Microsoft.Extensions.Logging;

namespace Control.Cli.Pipelines;

/// <summary><c>control pipeline run --local</c>: a pipeline file on this machine, without a server.</summary>
internal sealed class PipelineRun
{
    private readonly Option<string> _file = PipelineCommand.FileOption();
    private readonly Option<bool> _local = new("--local") { Description = "On this machine, without a server." };
    private readonly Option<string[]> _parameters = RunStart.ParameterOption();
    private readonly Option<string?> _source = new("--source") { Description = "The folder whose files jobs get in place of the definition's repository; the current one unless given.", HelpName = "folder" };
    private readonly Option<string?> _ref = new("--ref") { Description = "Give jobs the files of this branch, tag or commit of that folder instead of those that lie there.", HelpName = "ref" };
    private readonly Option<bool> _inPlace = new("--in-place") { Description = "Let jobs work in that folder itself instead of in copies, one at a time unless -j says otherwise." };
    private readonly Option<string[]> _secrets = Repeated("--secret", "A secret's value, read from a file; NAME.user and NAME.password for the parts of one.", "NAME=@FILE");
    private readonly Option<string[]> _secretFiles = Repeated("--env-file", "File of secrets, NAME=VALUE in each line.", "file");
    private readonly Option<string[]> _stages = Repeated("--stage", "Run only this stage; repeat for more.", "stage");
    private readonly Option<string[]> _jobs = Repeated("--job", "Run only this job, and those of its stage that it needs; repeat for more.", "STAGE.JOB");
    private readonly Option<string[]> _approve = Repeated("--approve", "Approve the gate of this stage; repeat for more.", "stage");
    private readonly Option<string[]> _gateParameters = Repeated("--gate-param", "A value for a gate's parameter.", "STAGE.KEY=VALUE");
    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Approve all gates." };
    private readonly Option<int?> _atOnce = new("--jobs", "-j") { Description = "Jobs at a time; as many as the machine has processors unless given.", HelpName = "n" };
    private readonly Option<string[]> _labels = Repeated("--label", "What this machine is: jobs that demand other labels wait. Without it every job runs here.", "label");
    private readonly Option<string?> _name = new("--name") { Description = "How the pipeline is called in the run's environment; as its file unless given.", HelpName = "name" };
    private readonly Option<string> _users = JobOptions.Users("--job-users");

    public static Command Create(CommandFactory cli)
    {
        var run = new PipelineRun();
        return cli.Action(
            "run",
            "Run a pipeline file on this machine and exit with its result (0 succeeded, 1 failed, 3 cancelled).",
            [run._file, run._local, run._parameters, run._source, run._ref, run._inPlace, run._secrets, run._secretFiles, run._stages, run._jobs, run._approve, run._gateParameters, run._yes, run._labels, run._atOnce, run._name, run._users],
            run.RunAsync,
            stopsItself: true);
    }

    private static Option<string[]> Repeated(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private async Task<int> RunAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Get(_local))
        {
            throw new UsageException("Add --local to run the file on this machine. To run it on a server, put it there and start it: control pipeline put, control run start.");
        }

        var path = call.Get(_file)!;
        var parsed = PipelineParser.Parse(Inputs.ReadText(call.Services, path, PipelineCommand.MaxBytes));
        if (parsed.Spec is not { } spec)
        {
            PipelineLint.ShowOnError(call, path, parsed.Errors);
            return ExitCodes.Failed;
        }

        var bound = ParameterBinder.Bind(spec.Parameters, Inputs.Pairs(call.Get(_parameters)));
        if (!bound.Errors.IsEmpty)
        {
            ShowOnError(call, bound.Errors);
            return ExitCodes.Failed;
        }

        return await RunAsync(call, Describe(call, path, spec) with { Parameters = bound.Values }, cancellationToken);
    }

    private LocalRunOptions Describe(Call call, string path, PipelineSpec spec)
    {
        var isInPlace = call.Get(_inPlace);
        if (spec.Source is null && (isInPlace || call.Get(_ref) is not null || call.Get(_source) is not null))
        {
            throw new UsageException("The pipeline has no 'source', so its jobs get no files, here as on a server. Add one, or leave out --source, --ref and --in-place.");
        }

        var folder = Path.GetFullPath(call.Get(_source) ?? ".");
        return new LocalRunOptions
        {
            Id = new RunId(new PipelineId(call.WorkspaceOption ?? "local", Name(call, path)), 1),
            Spec = LocalSelection.Of(spec, call.Get(_stages) ?? [], call.Get(_jobs) ?? []),
            By = new Actor(ActorKind.Token, "local", Environment.UserName),
            Ref = call.Get(_ref),
            Source = spec.Source is null ? null : new LocalSource(folder, call.Get(_ref), isInPlace),
            Secrets = LocalSecrets.Read(call.Services, call.Get(_secrets), call.Get(_secretFiles)),
            Labels = call.Get(_labels) is { Length: > 0 } labels ? labels.ToHashSet(StringComparer.Ordinal) : null,
            Capacity = call.Get(_atOnce) ?? (isInPlace ? 1 : Environment.ProcessorCount),
        };
    }

    private string Name(Call call, string path) => call.Get(_name) is { } given
        ? Call.CheckedName("pipeline", given)
        : ResourceName.IsValid(Path.GetFileNameWithoutExtension(path)) ? Path.GetFileNameWithoutExtension(path) : "pipeline";

    private async Task<int> RunAsync(Call call, LocalRunOptions options, CancellationToken cancellationToken)
    {
        var progress = new LocalProgress(call);
        var gates = new LocalGates(call, options.By, call.Get(_yes), call.Get(_approve) ?? [], Inputs.Pairs(call.Get(_gateParameters)));
        LocalRun? shown = null;
        using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Error));
        using var run = shown = new LocalRun(options with { OnEvent = OnEvent, OnLog = progress.Show }, call.Services.Time);
        using var interrupts = new Interrupts(run, call.Output.Note);
        var agent = await LocalAgent.StartAsync(
            new LocalAgentOptions { Capacity = options.Capacity, Source = options.Source, JobUsers = JobOptions.Range(call.Get(_users)!) },
            run, call.Services.Time, loggers, cancellationToken);
        await using (agent)
        {
            await run.RunAsync(agent);
        }

        progress.End(run);
        return RunFollower.CodeOf(run.View);

        void OnEvent(EventView item)
        {
            progress.Show(item);
            if (item.Type == EventTypes.StageChanged && ContractJson.Read<StageView>(item.Data) is { State: StageState.Waiting } stage)
            {
                _ = Task.Run(() => gates.Answer(shown!, stage), CancellationToken.None);
            }
        }
    }

    private static void ShowOnError(Call call, ImmutableArray<FieldError> errors)
    {
        foreach (var error in errors)
        {
            call.Output.Diagnostic($"  {Texts.Clean(error.Field)}: {Texts.Clean(error.Message)}");
        }

        call.Output.Error("The pipeline cannot be started like this.");
    }
}
