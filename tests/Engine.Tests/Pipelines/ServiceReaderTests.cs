using Control.Contracts.Pipelines;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class ServiceReaderTests
{
    [Fact]
    public void Parse_NoServices_HasNone() => Assert.Empty(Services("image: alpine"));

    [Fact]
    public void Parse_ServiceAsText_HasTheDefaults()
    {
        var service = Assert.Single(Services("image: alpine, services: { db: 'postgres:16' }"));

        Assert.Equal(("db", new ContainerSpec("postgres:16", null, 0, 0, 2048, ContainerNetwork.Own, ImagePull.Missing), null), (service.Name, service.Container, service.Ready));
        Assert.Equal((0, 0, 0, 0), (service.Env.Length, service.Secrets.Length, service.Command.Length, service.Args.Length));
    }

    [Fact]
    public void Parse_ServiceAsMap_HasEverything()
    {
        var service = Assert.Single(Services(
            "image: alpine, services: { db: { image: 'r.example.org/db:1', credentials: registry, cpus: 0.5, memory: 1g, pids: 100, pull: never, "
            + "env: { A: b }, secrets: { P: { secret: s, field: password } }, command: [run, ''], args: [-c, 1], ready: { command: [check, -q], timeout: 5s } } }"));

        Assert.Equal(new ContainerSpec("r.example.org/db:1", "registry", 500, 1L << 30, 100, ContainerNetwork.Own, ImagePull.Never), service.Container);
        Assert.Equal(new EnvVar("A", "b"), Assert.Single(service.Env));
        Assert.Equal(new SecretEnv("P", "s", "password"), Assert.Single(service.Secrets));
        Assert.Equal(["run", ""], service.Command.AsEnumerable());
        Assert.Equal(["-c", "1"], service.Args.AsEnumerable());
        Assert.Equal("check -q, 5", $"{string.Join(' ', service.Ready!.Command)}, {service.Ready.TimeoutSeconds}");
    }

    [Fact]
    public void Parse_ReadyAsList_HasAMinute() =>
        Assert.Equal(60, Assert.Single(Services("image: alpine, services: { db: { image: a, ready: [pg_isready] } }")).Ready!.TimeoutSeconds);

    [Theory]
    [InlineData("services: { db: a }", "services")]
    [InlineData("image: a, services: [a]", "services")]
    [InlineData("image: a, services: { db: 'dir:/etc' }", "services.db")]
    [InlineData("image: a, services: { db: {} }", "services.db.image")]
    [InlineData("image: a, services: { '1': a }", "services.1")]
    [InlineData("image: a, services: { a.b: a }", "services['a.b']")]
    [InlineData("image: a, services: { Db: a }", "services.Db")]
    [InlineData("image: a, services: { db: { image: a, privileged: true } }", "services.db.privileged")]
    [InlineData("image: a, services: { db: { image: a, network: host } }", "services.db.network")]
    [InlineData("image: a, services: { db: { image: a, memory: 1 } }", "services.db.memory")]
    [InlineData("image: a, services: { db: { image: a, command: run it } }", "services.db.command")]
    [InlineData("image: a, services: { db: { image: a, command: [] } }", "services.db.command")]
    [InlineData("image: a, services: { db: { image: a, command: [''] } }", "services.db.command")]
    [InlineData("image: a, services: { db: { image: a, args: [\"a\\0b\"] } }", "services.db.args[0]")]
    [InlineData("image: a, services: { db: { image: a, env: { CONTROL_MARK: x } } }", "services.db.env.CONTROL_MARK")]
    [InlineData("image: a, services: { db: { image: a, secrets: { K: { secret: s, file: true } } } }", "services.db.secrets")]
    [InlineData("image: a, services: { db: { image: a, ready: { timeout: 5s } } }", "services.db.ready.command")]
    [InlineData("image: a, services: { db: { image: a, ready: { command: [x], timeout: 1h } } }", "services.db.ready.timeout")]
    public void Parse_WrongService_IsRefusedAtItsKey(string key, string field)
    {
        var error = Assert.Single(PipelineParser.Parse(Text(key)).Errors);

        Assert.EndsWith(field, error.Field, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TooMuch_IsRefused()
    {
        var services = string.Join(", ", Enumerable.Range(1, 11).Select(i => $"s{i}: a"));
        var words = string.Join(", ", Enumerable.Repeat("x", 65));

        Assert.Single(PipelineParser.Parse(Text($"image: a, services: {{ {services} }}")).Errors);
        Assert.Single(PipelineParser.Parse(Text($"image: a, services: {{ db: {{ image: a, args: [{words}] }} }}")).Errors);
        Assert.Single(PipelineParser.Parse(Text($"image: a, services: {{ db: {{ image: a, args: [{new string('x', 8193)}] }} }}")).Errors);
    }

    private static IEnumerable<ServiceSpec> Services(string keys) => PipelineParser.Parse(Text(keys)).Spec!.Stages[0].Jobs[0].Services;

    private static string Text(string keys) => $"stages: [{{ name: s, jobs: {{ j: {{ steps: [x], {keys} }} }} }}]";
}
