using Control.Runtime.Hosting;
using Control.Runtime.Tests.Grains;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Tests.Embedded;

public sealed class ConfigurationTests : RuntimeTest
{
    [Fact]
    public async Task Start_OptionOutOfRange_FailsNamingIt()
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddGrainRuntime(options => options.IdleAge = TimeSpan.Zero, typeof(ConfigurationTests).Assembly);
        using var host = builder.Build();
        var fault = await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
        Assert.Contains("IdleAge must be greater than zero", fault.Message);
    }

    [Fact]
    public void GetGrain_InterfaceWithoutClass_FailsNamingTheCure()
    {
        var fault = Assert.Throws<ArgumentException>(() => Grain<IOrphanGrain>());
        Assert.Contains("AddGrainRuntime", fault.Message);
    }

    [Fact]
    public async Task GetGrain_SeveralClasses_TakesTheNamesakeOrThePrefix()
    {
        Assert.Equal("scripted/k", Grain<IScriptedGrain>("k").GetGrainId().ToString());
        var other = Silo.Grains.GetGrain<IScriptedGrain>("k", typeof(ReentrantGrain).FullName);
        Assert.Equal("reentrant/k", other.GetGrainId().ToString());
        await other.Note("reached");
    }

    [Fact]
    public async Task Call_UnknownGrainType_FailsTheCall()
    {
        var grain = Silo.Grains.GetGrain<ICallGrain>(GrainId.Create("nosuch", "k"));
        await Assert.ThrowsAsync<ArgumentException>(() => grain.Trace().WaitAsync(Limit));
    }

    [Fact]
    public void GetGrain_EmptyKey_IsRefused() => Assert.Throws<ArgumentException>(() => Grain<ICallGrain>(""));
}

[Alias("test.orphan")]
public interface IOrphanGrain : IGrainWithStringKey
{
    [Alias("Nothing")]
    Task Nothing();
}
