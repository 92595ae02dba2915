namespace Control.Grains.Tests.Silos;

/// <summary>Definitions that tests run.</summary>
internal static class Yaml
{
    public const string OneJob = """
        stages:
          - name: s
            jobs:
              j: { steps: [make] }
        """;

    public const string TwoStages = """
        stages:
          - name: build
            jobs:
              compile: { steps: [make], outputs: [TAG] }
          - name: release
            jobs:
              push: { steps: [make push] }
        """;

    public const string WithGate = """
        stages:
          - name: build
            jobs:
              compile: { steps: [make], outputs: [TAG] }
              lint: { steps: [make lint] }
          - name: release
            gate:
              message: Release?
              parameters:
                CHANNEL: { type: choice, choices: [beta, stable], default: beta }
            jobs:
              push: { steps: [make push] }
        """;

    /// <summary>One stage of so many jobs, all at once.</summary>
    public static string Jobs(int count, string labels = "", string more = "") => $$"""
        stages:
          - name: s
            jobs:
        {{string.Join('\n', Enumerable.Range(1, count).Select(i => $"      j{i}: {{ steps: [make], labels: [{labels}]{more} }}"))}}
        """;
}
