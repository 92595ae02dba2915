using Control.Contracts.Pipelines;
using Control.Engine.Containers;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class ContainerReaderTests
{
    [Fact]
    public void Parse_NoImage_HasNoContainer() => Assert.Null(Container("labels: [linux]"));

    [Fact]
    public void Parse_ImageAsText_HasTheDefaults() =>
        Assert.Equal(new ContainerSpec("alpine:3.20", null, 0, 0, 2048, ContainerNetwork.Own, ImagePull.Missing), Container("image: alpine:3.20"));

    [Fact]
    public void Parse_ImageAsMap_HasEverything() => Assert.Equal(
        new ContainerSpec("registry.example.org:5000/team/builder:1.2", "registry", 1500, 2L << 30, 100, ContainerNetwork.None, ImagePull.Always, ContainerUser.Root),
        Container("image: { name: 'registry.example.org:5000/team/builder:1.2', credentials: registry, cpus: 1.5, memory: 2g, pids: 100, network: none, pull: always, user: root }"));

    [Theory]
    [InlineData("image: ''", "image")]
    [InlineData("image: dir:/etc", "image")]
    [InlineData("image: --privileged", "image")]
    [InlineData("image: { pull: always }", "image.name")]
    [InlineData("image: { name: a, cpus: 0 }", "image.cpus")]
    [InlineData("image: { name: a, cpus: '1.5e3' }", "image.cpus")]
    [InlineData("image: { name: a, cpus: \"2\\n\" }", "image.cpus")]
    [InlineData("image: { name: a, memory: 1m }", "image.memory")]
    [InlineData("image: { name: a, memory: 2t }", "image.memory")]
    [InlineData("image: { name: a, memory: \"64m\\n\" }", "image.memory")]
    [InlineData("image: { name: a, pids: 1 }", "image.pids")]
    [InlineData("image: { name: a, network: bridge }", "image.network")]
    [InlineData("image: { name: a, pull: sometimes }", "image.pull")]
    [InlineData("image: { name: a, user: '0' }", "image.user")]
    [InlineData("image: { name: a, user: Root }", "image.user")]
    [InlineData("image: { name: a, privileged: true }", "image.privileged")]
    [InlineData("resources: { memory: 1m }", "resources.memory")]
    [InlineData("resources: { pids: 1 }", "resources.pids")]
    [InlineData("resources: { cpus: some }", "resources.cpus")]
    [InlineData("image: a, resources: { pids: 64 }", "resources")]
    public void Parse_WrongImage_IsRefusedAtItsKey(string key, string field)
    {
        var error = Assert.Single(PipelineParser.Parse(Text(key)).Errors);

        Assert.EndsWith(field, error.Field, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_Resources_AreTheJobs()
    {
        var job = PipelineParser.Parse(Text("resources: { cpus: 0.5, memory: 64m, pids: 100 }")).Spec!.Stages[0].Jobs[0];

        Assert.Equal((null, new ResourceSpec(500, 64L << 20, 100)), (job.Container, job.Resources));
    }

    [Theory]
    [InlineData("alpine")]
    [InlineData("alpine:3.20")]
    [InlineData("localhost/control-test:1")]
    [InlineData("registry.example.org:5000/a/b_c/d-e.f:V1")]
    [InlineData("alpine@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void Check_References_Pass(string reference) => Assert.Null(ImageName.Check(reference));

    [Theory]
    [InlineData("-v")]
    [InlineData("--volume=/:/host")]
    [InlineData("Alpine")]
    [InlineData("dir:/etc")]
    [InlineData("oci:layout")]
    [InlineData("docker-archive:file")]
    [InlineData("docker://alpine")]
    [InlineData("alpine latest")]
    [InlineData("alpine\n")]
    [InlineData("../alpine")]
    [InlineData("/alpine")]
    public void Check_AnythingElse_IsRefused(string text) => Assert.NotNull(ImageName.Check(text));

    [Theory]
    [InlineData("alpine", "docker.io")]
    [InlineData("team/builder", "docker.io")]
    [InlineData("localhost/builder", "localhost")]
    [InlineData("registry.example.org/team/builder:1", "registry.example.org")]
    [InlineData("registry:5000/builder@sha256:0", "registry:5000")]
    public void Registry_OfAReference_IsItsHost(string reference, string registry) => Assert.Equal(registry, ImageName.Registry(reference));

    private static ContainerSpec? Container(string key)
    {
        var parsed = PipelineParser.Parse(Text(key));
        Assert.Empty(parsed.Errors);
        return parsed.Spec!.Stages[0].Jobs[0].Container;
    }

    private static string Text(string key) => $"stages: [{{ name: s, jobs: {{ j: {{ steps: [make], {key} }} }} }}]";
}
