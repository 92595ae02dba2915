using System.CommandLine;
using System.Text;
using Control.Cli.CommandLine;

namespace Control.Cli.Pipelines;

/// <summary><c>control pipeline init</c>.</summary>
internal static class PipelineInit
{
    /// <summary>A definition to start from: it runs as it is and shows what there is.</summary>
    internal const string Starter =
        """
        # A Control pipeline. Check it with:  control pipeline lint -f pipeline.yaml
        # Store it with:                      control pipeline put NAME -f pipeline.yaml
        # Start it with:                      control run start NAME --follow
        description: Builds, asks, releases.

        # What a start may pass: control run start NAME -p VERSION=1.2.0
        parameters:
          VERSION:
            description: What to build.
            default: 0.1.0

        # Environment of every job.
        env:
          LANG: C.UTF-8

        # The sources. Their commit is pinned when a run starts, and jobs find them in their work folder.
        # source:
        #   repository: https://git.example.org/shop/web.git
        #   ref: main
        #   credentials: git        # a secret: control secret set git --kind password --user NAME

        # Stages run one after another; the jobs of a stage run at the same time.
        stages:
          - name: build
            jobs:
              compile:
                # labels: [linux]     # an agent must have all of them
                timeout: 10m
                retry: 1
                outputs: [ARTIFACT]   # becomes environment of later stages
                steps:
                  - echo "Compiling $VERSION"
                  - name: Tell what was built
                    run: echo "ARTIFACT=web-$VERSION.tar.gz" >> "$CONTROL_OUTPUT"
              test:
                steps:
                  - echo "Testing $VERSION"

          # A gate: the run waits until someone decides with 'control run approve' or 'reject'.
          - name: release
            gate:
              message: Release this version?
            jobs:
              publish:
                # secrets:
                #   TOKEN: registry   # masked in logs: control secret set registry
                steps:
                  - echo "Publishing $ARTIFACT"

        """;

    public static Command Create(CommandFactory cli)
    {
        var file = new Option<string>("--file", "-f")
        {
            Description = "Where to write it; - for standard output.",
            HelpName = "file",
            DefaultValueFactory = _ => "pipeline.yaml",
        };
        return cli.Action("init", "Write a commented definition to start from; never over a file that is there.", [file], (call, _) =>
        {
            var path = call.Get(file)!;
            if (path == "-")
            {
                call.Output.Text(Starter);
                return Task.FromResult(ExitCodes.Succeeded);
            }

            if (File.Exists(path))
            {
                throw new UsageException($"{path} is there already. Name another file with -f.");
            }

            using (var stream = new FileStream(path, FileMode.CreateNew))
            {
                stream.Write(Encoding.UTF8.GetBytes(Starter));
            }

            call.Output.Note($"Wrote {path}");
            return Task.FromResult(ExitCodes.Succeeded);
        });
    }
}
