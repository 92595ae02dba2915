using Control.Contracts.Errors;
using Control.Contracts.Pipelines;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class PipelineParserTests
{
    private const string Least = "stages:\n- name: build\n  jobs:\n    compile:\n      steps: [make]\n";

    [Fact]
    public void Parse_EveryKey_FillsTheSpec()
    {
        var spec = Valid(Definitions.Full);

        Assert.Equal("Builds and releases", spec.Description);
        Assert.Equal(["VERSION", "COUNT", "FAST", "TARGET"], spec.Parameters.Select(p => p.Name));
        Assert.Equal(["1.0", "3", null, "test"], spec.Parameters.Select(p => p.Default));
        Assert.Equal([ParameterType.String, ParameterType.Number, ParameterType.Boolean, ParameterType.Choice], spec.Parameters.Select(p => p.Type));
        Assert.Equal(["test", "live"], spec.Parameters[3].Choices.AsEnumerable());
        Assert.Equal([new EnvVar("LEVEL", "3"), new EnvVar("DEBUG", "true"), new EnvVar("EMPTY", "")], spec.Env.AsEnumerable());
        Assert.Equal(new GitSource("https://git.example.com/team/app.git", "main", "git-token", 10), spec.Source);
        Assert.Equal(["build", "release", "finally"], spec.Stages.Select(s => s.Name));
        Assert.Equal([false, false, true], spec.Stages.Select(s => s.Always));
        Assert.Equal(240 * 3600, spec.TimeoutSeconds);
    }

    [Fact]
    public void Parse_EveryKey_FillsTheJob()
    {
        var job = Valid(Definitions.Full).Stages[0].Jobs[0];

        Assert.Equal("compile", job.Name);
        Assert.Equal(["linux", "amd64"], job.Labels.AsEnumerable());
        Assert.Equal([new EnvVar("MODE", "release")], job.Env.AsEnumerable());
        Assert.Equal([new SecretEnv("TOKEN", "my-secret", "text"), new SecretEnv("USER_NAME", "registry", "user"), new SecretEnv("KEY_FILE", "deploy-key", "text", File: true)], job.Secrets.AsEnumerable());
        Assert.Equal(["make", "make test"], job.Steps.Select(s => s.Run));
        Assert.Equal(["TAG"], job.Outputs.AsEnumerable());
        Assert.Equal(5400, job.TimeoutSeconds);
        Assert.Equal(2, job.Retry.Limit);
        Assert.Equal([RetryReason.Failure, RetryReason.Timeout, RetryReason.Lost], job.Retry.On.AsEnumerable());
        Assert.Equal((10, 3, 60), (job.Retry.DelaySeconds, job.Retry.Factor, job.Retry.MaxDelaySeconds));
        Assert.False(job.Checkout);
        Assert.Equal(300, job.LostAfterSeconds);
    }

    [Fact]
    public void Parse_EveryKey_FillsOrderAndMatrix()
    {
        var job = Valid(Definitions.Full).Stages[0].Jobs[1];

        Assert.Equal(["compile"], job.Needs.AsEnumerable());
        Assert.Equal("branch == 'main' && outputs.TAG != ''", job.When);
        Assert.True(job.AllowFailure);
        Assert.Equal(2, job.Matrix!.MaxParallel);
        Assert.Equal(
            ["OS=debian ARCH=amd64", "OS=debian ARCH=arm64", "OS=alpine ARCH=amd64", "OS=windows EXTRA=1"],
            job.Matrix.Legs.Select(leg => string.Join(' ', leg.Values.Select(value => $"{value.Name}={value.Value}"))));
    }

    [Fact]
    public void Parse_EveryKey_FillsStepAndGate()
    {
        var spec = Valid(Definitions.Full);

        var step = spec.Stages[0].Jobs[0].Steps[1];
        Assert.Equal(("test", "bash", "sub/dir", 300), (step.Name, step.Shell, step.WorkingDirectory, step.TimeoutSeconds));
        Assert.Equal([new EnvVar("CI", "1")], step.Env.AsEnumerable());
        Assert.Equal("Release?", spec.Stages[1].Gate!.Message);
        Assert.Equal("NOTE", Assert.Single(spec.Stages[1].Gate!.Parameters).Name);
        Assert.Equal(["anna", "scope:admin"], spec.Stages[1].Gate!.Approvers.AsEnumerable());
        var gate = spec.Stages[1].Gate!;
        Assert.Equal((2, false, 48 * 3600, true), (gate.Count, gate.OwnApproval, gate.DeadlineSeconds, gate.ApproveOnDeadline));
        Assert.Equal(("results.build.check != 'failed'", 7200), (spec.Stages[1].When, spec.Stages[1].TimeoutSeconds));
        Assert.Empty(spec.Stages[1].Jobs);
    }

    [Fact]
    public void Parse_LeastDefinition_TakesDefaults()
    {
        var spec = Valid(Least);

        var job = Assert.Single(spec.Stages[0].Jobs);
        Assert.Null(spec.Source);
        Assert.Equal((3600, 120, false, 0), (job.TimeoutSeconds, job.LostAfterSeconds, job.Checkout, job.Retry.Limit));
        Assert.Empty(job.Retry.On);
        var step = Assert.Single(job.Steps);
        Assert.Equal(("make", "make", "sh", "", 0), (step.Name, step.Run, step.Shell, step.WorkingDirectory, step.TimeoutSeconds));
    }

    [Fact]
    public void Parse_Source_ChecksOutHeadByDefault()
    {
        var spec = Valid("source: { repository: \"git@example.com:a/b\" }\n" + Least);

        Assert.Equal(new GitSource("git@example.com:a/b", "HEAD", null, 1), spec.Source);
        Assert.True(spec.Stages[0].Jobs[0].Checkout);
    }

    [Fact]
    public void Parse_Json_IsAccepted()
    {
        const string json = "{\r\n\t\"stages\": [{\"name\": \"a\", \"jobs\": {\"b\": {\"steps\": [{\"run\": \"x\\ny\"}], \"retry\": 1}}}]\r\n}";

        Assert.Equal("x\ny", Valid("\uFEFF" + json).Stages[0].Jobs[0].Steps[0].Run);
    }

    [Fact]
    public void Parse_ScriptBlock_IsKeptAsWritten()
    {
        var spec = Valid(Least.Replace("[make]", "\n      - |\n        one\n          two\n\n        three\n", StringComparison.Ordinal));

        Assert.Equal(("one\n  two\n\nthree\n", "one"), (spec.Stages[0].Jobs[0].Steps[0].Run, spec.Stages[0].Jobs[0].Steps[0].Name));
    }

    [Fact]
    public void Parse_SeveralMistakes_ReportsAllWithPositions()
    {
        var errors = Errors("""
            stagess: []
            stages:
            - name: Build
              jobs:
                compile:
                  timout: 5m
                  timeout: 5
                  steps: []
            """);

        Assert.Equal(
            ["stagess", "stages[0].name", "stages[0].jobs.compile.timout", "stages[0].jobs.compile.timeout", "stages[0].jobs.compile.steps"],
            errors.Select(e => e.Field));
        Assert.Equal([(1, 1), (3, 9), (6, 7), (7, 16), (8, 14)], errors.Select(e => (e.Line, e.Column)));
        Assert.Contains("Did you mean 'stages'?", errors[0].Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'timeout'?", errors[2].Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 5s?", errors[3].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", "empty")]
    [InlineData("# only a comment", "", "empty")]
    [InlineData("stages", "", "is a map")]
    [InlineData("a: [", "", "not valid YAML")]
    [InlineData("%YAML 9.9\n---\na: 1", "", "not valid YAML")]
    [InlineData("stages: &x []", "stages", "Anchors")]
    [InlineData("stages: *x", "stages", "Aliases")]
    [InlineData("stages: !!seq []", "stages", "Tags")]
    [InlineData("description: a\n---\nb: c", "", "one YAML document")]
    [InlineData("? [a]\n: b", "", "key must be text")]
    [InlineData("description: \"a\\0b\"", "description", "NUL")]
    [InlineData("env: { A: 1, A: 2 }", "env.A", "twice")]
    [InlineData("description: 1", "stages", "needs 'stages'")]
    public void Parse_BrokenDocument_SaysWhatIsWrong(string text, string field, string message) => AssertError(text, field, message);

    [Theory]
    [InlineData("stages: {}", "stages", "list is needed")]
    [InlineData("stages: []", "stages", "at least one stage")]
    [InlineData("stages: [{ name: a }]", "stages[0]", "needs 'jobs'")]
    [InlineData("stages: [{ name: a, jobs: {} }]", "stages[0].jobs", "needs 'jobs'")]
    [InlineData("stages: [{ name: a, gate: {} }, { name: a, gate: {} }]", "stages[1].name", "two stages")]
    [InlineData("stages: [{ name: a, gate: yes }]", "stages[0].gate", "is a map")]
    [InlineData("stages: [{ name: a, jobs: { B: {} } }]", "stages[0].jobs.B", "not a valid name of a job")]
    [InlineData("stages: [{ name: a, jobs: { b: {} } }]", "stages[0].jobs.b.steps", "needs 'steps'")]
    [InlineData("stages: [{ name: a, jobs: { b: } }]", "stages[0].jobs.b", "is nothing")]
    [InlineData("env: { 1A: x }", "env.1A", "not a variable name")]
    [InlineData("env: { 'a b': x }", "env['a b']", "not a variable name")]
    [InlineData("env: { A: }", "env.A", "value is missing")]
    [InlineData("env: { A: [] }", "env.A", "this is a list")]
    [InlineData("env: { CONTROL_X: x }", "env.CONTROL_X", "reserved")]
    [InlineData("parameters: { CONTROL_X: {} }", "parameters.CONTROL_X", "reserved")]
    [InlineData("parameters: { A: { type: strin } }", "parameters.A.type", "Did you mean string?")]
    [InlineData("parameters: { A: { type: choice } }", "parameters.A", "needs 'choices'")]
    [InlineData("parameters: { A: { choices: [x] } }", "parameters.A.choices", "Only a parameter of type choice")]
    [InlineData("parameters: { A: { type: choice, choices: [x, x] } }", "parameters.A.choices[1]", "twice")]
    [InlineData("parameters: { A: { type: choice, choices: [x], default: y } }", "parameters.A.default", "not one of the choices")]
    [InlineData("parameters: { A: { type: number, default: 1e3 } }", "parameters.A.default", "not a number")]
    [InlineData("parameters: { A: { type: boolean, default: yes } }", "parameters.A.default", "not a boolean")]
    [InlineData("source: { ref: main }", "source.repository", "needs 'repository'")]
    [InlineData("source: { repository: /etc }", "source.repository", "local paths")]
    [InlineData("source: { repository: 'https://h/p', ref: -x }", "source.ref", "not a branch")]
    [InlineData("source: { repository: 'https://h/p', credentials: 'A B' }", "source.credentials", "not a valid name")]
    [InlineData("source: { repository: 'https://h/p', depth: -1 }", "source.depth", "whole number")]
    public void Parse_WrongValue_SaysWhatIsWrong(string text, string field, string message) => AssertError(text, field, message);

    [Theory]
    [InlineData("{ a: { needs: [b], steps: [x] }, b: { needs: [c], steps: [x] }, c: { needs: [a], steps: [x] } }", "a.needs", "a → b → c → a")]
    [InlineData("{ z: { needs: [a], steps: [x] }, a: { needs: [a], steps: [x] } }", "a.needs", "a → a")]
    [InlineData("{ a: { needs: [bild], steps: [x] }, build: { steps: [x] } }", "a.needs", "Did you mean 'build'?")]
    [InlineData("{ a: { needs: [a-1], matrix: { axes: { A: [1] } }, steps: [x] } }", "a.needs", "has no job 'a-1'")]
    [InlineData("{ a: { matrix: { axes: { A: [1, 2] } }, steps: [x] }, a-2: { steps: [x] } }", "a", "another job's name")]
    [InlineData("{ a: { matrix: { axes: { A: [1, 1] } }, steps: [x] } }", "a.matrix.axes.A", "twice")]
    [InlineData("{ a: { matrix: { axes: { A: [] } }, steps: [x] } }", "a.matrix.axes.A", "at least one value")]
    [InlineData("{ a: { matrix: { axes: { A: [1] }, exclude: [{ A: 1 }] }, steps: [x] } }", "a.matrix", "no leg")]
    [InlineData("{ a: { matrix: { axes: { A: [1] }, exclude: [{ A: 2 }] }, steps: [x] } }", "a.matrix.exclude[0]", "excludes nothing")]
    [InlineData("{ a: { matrix: { axes: { A: [1] }, include: [{ A: 1 }] }, steps: [x] } }", "a.matrix.include[0]", "such a leg already")]
    [InlineData("{ a: { matrix: {}, steps: [x] } }", "a.matrix", "no leg")]
    [InlineData("{ a: { matrix: { axes: { A: [1] }, maxParallel: 0 }, steps: [x] } }", "a.matrix.maxParallel", "from 1 to 256")]
    [InlineData("{ a: { when: 'brnch == 1', steps: [x] } }", "a.when", "Did you mean branch?")]
    [InlineData("{ a: { when: \"outputs.V == '1'\", steps: [x] }, b: { outputs: [V], steps: [x] } }", "a.when", "There is no 'outputs.V' here")]
    [InlineData("{ a: { retry: { limit: 1, factor: 2 }, steps: [x] } }", "a.retry.factor", "no pause")]
    [InlineData("{ a: { retry: { limit: 1, delay: 25h }, steps: [x] } }", "a.retry.delay", "out of bounds")]
    public void Parse_WrongOrder_SaysWhatIsWrong(string jobs, string field, string message) =>
        AssertError($"stages: [{{ name: s, jobs: {jobs} }}]", $"stages[0].jobs.{field}", message);

    [Theory]
    [InlineData("timeout: 721h", "timeout", "out of bounds")]
    [InlineData("finally: {}", "finally", "at least one job")]
    [InlineData("finally: { a: { needs: [b], steps: [x] } }", "finally.a.needs", "has no job 'b'")]
    [InlineData("finally: { a: { when: results.s.nosuch == '', steps: [x] } }", "finally.a.when", "results.s")]
    public void Parse_WrongEnd_SaysWhatIsWrong(string key, string field, string message) =>
        AssertError($"stages: [{{ name: s, jobs: {{ j: {{ steps: [x] }} }} }}]\n{key}", field, message);

    [Fact]
    public void Parse_StageCalledFinally_RefusedBesideTheKey()
    {
        const string text = "stages: [{ name: finally, gate: {} }]";
        Valid(text);
        AssertError(text + "\nfinally: { a: { steps: [x] } }", "finally", "another name");
    }

    [Theory]
    [InlineData("approvers: []", "approvers", "Nobody could decide")]
    [InlineData("approvers: [\"scope:boss\"]", "approvers[0]", "There is no scope 'boss'")]
    [InlineData("count: 0", "count", "from 1 to 10")]
    [InlineData("onDeadline: approve", "onDeadline", "There is no deadline")]
    [InlineData("deadline: 1h, onDeadline: approve, parameters: { A: {} }", "onDeadline", "Nobody passes A")]
    public void Parse_WrongGate_SaysWhatIsWrong(string keys, string field, string message) =>
        AssertError($"stages: [{{ name: s, gate: {{ {keys} }} }}]", $"stages[0].gate.{field}", message);

    [Theory]
    [InlineData(16, 16, true)]
    [InlineData(16, 17, false)]
    [InlineData(256, 256, false)]
    public void Parse_Matrix_UpToTheCap(int first, int second, bool fits)
    {
        var text = $"stages: [{{ name: s, jobs: {{ j: {{ matrix: {{ axes: {{ A: [{Numbers(first)}], B: [{Numbers(second)}] }} }}, steps: [x] }} }} }}]";
        if (fits)
        {
            Assert.Equal(256, Valid(text).Stages[0].Jobs[0].Matrix!.Legs.Length);
        }
        else
        {
            AssertError(text, "stages[0].jobs.j.matrix", "more than 256 legs");
        }

        static string Numbers(int count) => string.Join(", ", Enumerable.Range(1, count));
    }

    [Theory]
    [InlineData("labels: linux", "labels", "list is needed")]
    [InlineData("labels: [a, a]", "labels[1]", "twice")]
    [InlineData("env: []", "env", "map is needed")]
    [InlineData("secrets: { A: { field: text } }", "secrets.A.secret", "needs 'secret'")]
    [InlineData("secrets: { A: { secret: s, field: key } }", "secrets.A.field", "one of text, user, password")]
    [InlineData("secrets: { A: 'X Y' }", "secrets.A", "not a valid name of a secret")]
    [InlineData("outputs: [a-b]", "outputs[0]", "not a variable name")]
    [InlineData("outputs: [CONTROL_A]", "outputs[0]", "reserved")]
    [InlineData("timeout: 25h", "timeout", "between 1s and 24h")]
    [InlineData("timeout: 0s", "timeout", "between 1s and 24h")]
    [InlineData("timeout: 99999h99999m", "timeout", "between")]
    [InlineData("timeout: 5 m", "timeout", "not a duration")]
    [InlineData("timeout: []", "timeout", "Text is needed")]
    [InlineData("lostAfter: 29s", "lostAfter", "between 30s and 24h")]
    [InlineData("retry: 11", "retry", "from 0 to 10")]
    [InlineData("retry: '1'", "retry", "without quotes")]
    [InlineData("retry: { on: [failure] }", "retry.limit", "needs 'limit'")]
    [InlineData("retry: { limit: 1, on: [crash] }", "retry.on[0]", "not a reason")]
    [InlineData("retry: { limit: 1, on: [] }", "retry.on", "at least one")]
    [InlineData("checkout: yes", "checkout", "true or false")]
    [InlineData("checkout: true", "checkout", "no source")]
    public void Parse_WrongJob_SaysWhatIsWrong(string key, string field, string message) =>
        AssertError($"stages: [{{ name: a, jobs: {{ b: {{ steps: [x], {key} }} }} }}]", $"stages[0].jobs.b.{field}", message);

    [Theory]
    [InlineData("''", "", "script is empty")]
    [InlineData("[x]", "", "is a map")]
    [InlineData("{ name: x }", ".run", "needs 'run'")]
    [InlineData("{ run: x, shell: zsh }", ".shell", "one of sh, bash")]
    [InlineData("{ run: x, directory: /etc }", ".directory", "stays inside")]
    [InlineData("{ run: x, directory: a/../.. }", ".directory", "stays inside")]
    [InlineData("{ run: x, directory: 'a\\b' }", ".directory", "Separate folders")]
    [InlineData("{ run: x, timeout: 1w }", ".timeout", "not a duration")]
    [InlineData("{ run: x, script: y }", ".script", "Its keys are name, run, shell")]
    public void Parse_WrongStep_SaysWhatIsWrong(string step, string field, string message) =>
        AssertError($"stages: [{{ name: a, jobs: {{ b: {{ steps: [{step}] }} }} }}]", $"stages[0].jobs.b.steps[0]{field}", message);

    private static void AssertError(string text, string field, string message)
    {
        var errors = Errors(text);
        Assert.Contains(errors, e => e.Field == field && e.Message.Contains(message, StringComparison.Ordinal));
        Assert.All(errors, e => Assert.True(e is { Line: > 0, Column: > 0 }));
    }

    private static IReadOnlyList<FieldError> Errors(string text)
    {
        var parsed = PipelineParser.Parse(text);
        Assert.Null(parsed.Spec);
        Assert.NotEmpty(parsed.Errors);
        return parsed.Errors;
    }

    private static PipelineSpec Valid(string text)
    {
        var parsed = PipelineParser.Parse(text);
        Assert.Empty(parsed.Errors);
        return parsed.Spec!;
    }
}
