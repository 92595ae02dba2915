using Control.Chaos.History;

namespace Control.Chaos.Loads;

/// <summary>A pipeline and what its clients do with its runs.</summary>
/// <param name="Name">Of the pipeline.</param>
/// <param name="Definition">Its text.</param>
/// <param name="Cancels">How many of its runs are cancelled once they run, from 0 to 1.</param>
/// <param name="Retries">How many of those that failed are retried by hand, from 0 to 1.</param>
internal sealed record Recipe(string Name, string Definition, double Cancels = 0.05, double Retries = 0)
{
    /// <summary>The stage with a gate, of whichever pipeline has one.</summary>
    public const string Gate = "release";

    private const string Robust = "lostAfter: 45s, retry: { limit: 10, on: [lost] }";

    /// <summary>All pipelines; their jobs write into a site's folder.</summary>
    public static IReadOnlyList<Recipe> All(string folder)
    {
        var begin = $". \"{folder}/{JobScript.File}\"; began";
        return
        [
            new("release", Release(begin)),
            new("flaky", One(begin, "lostAfter: 45s, retry: { limit: 10, on: [failure, lost], delay: 1s }", "lines 10; wrote 10; test \"$CONTROL_ATTEMPT\" -ge 3")),
            new("broken", One(begin, Robust, "lines 10; wrote 10; test \"$CONTROL_ATTEMPT\" -ge 2"), Retries: 0.9),
            new("pool", Pool(begin)),
            new("serial", "concurrency: serial\n" + One(begin, Robust, "entered serial 1; lines 5; sleep 0.3; wrote 5; left serial")),
            new("writer", One(begin, Robust, "lines 3000; wrote 3000")),
            new("endless", Endless(begin), Cancels: 1),
        ];
    }

    private static string Parameters => "parameters: { ORDER: { type: string } }";

    private static string One(string begin, string keys, string script) => $$"""
        {{Parameters}}
        stages:
          - name: work
            jobs:
              one: { {{keys}}, steps: ['{{begin}}; {{script}}'] }
        """;

    private static string Release(string begin) => $$"""
        {{Parameters}}
        stages:
          - name: build
            jobs:
              leg:
                matrix: { axes: { N: [1, 2, 3] }, maxParallel: 2 }
                outputs: [MADE]
                lostAfter: 45s
                retry: { limit: 10, on: [lost] }
                steps:
                  - |
                    {{begin}}
                    entered "legs-$CONTROL_RUN_NUMBER" 2
                    lines 20
                    sleep 0.2
                    wrote 20
                    echo "MADE=$N" >> "$CONTROL_OUTPUT"
                    left "legs-$CONTROL_RUN_NUMBER"
          - name: {{Gate}}
            gate: {}
            jobs:
              publish:
                concurrency: deploy
                lostAfter: 45s
                retry: { limit: 10, on: [lost] }
                steps:
                  - |
                    {{begin}}
                    entered deploy 1
                    test "$MADE" = 3
                    lines 10
                    sleep 0.3
                    wrote 10
                    left deploy
        finally:
          clean: { {{Robust}}, steps: ['{{begin}}; lines 3; wrote 3'] }
        """;

    private static string Pool(string begin) => $$"""
        {{Parameters}}
        stages:
          - name: test
            jobs:
              case:
                matrix: { axes: { N: [1, 2, 3] } }
                concurrency: { group: pool, limit: 2 }
                lostAfter: 45s
                retry: { limit: 10, on: [lost] }
                steps: ['{{begin}}; entered pool 2; lines 5; sleep 0.4; wrote 5; left pool']
        """;

    private static string Endless(string begin) => $$"""
        {{Parameters}}
        stages:
          - name: work
            jobs:
              one: { {{Robust}}, concurrency: { group: endless, limit: 2 }, steps: ['{{begin}}; entered endless 2; lines 5; sleep 600'] }
        finally:
          clean: { {{Robust}}, steps: ['{{begin}}; lines 3; wrote 3'] }
        """;
}
