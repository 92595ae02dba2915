using System.Collections.Immutable;

namespace Control.Contracts.Pipelines;

/// <summary>A container beside a job's for the time of one attempt, such as a database; steps reach it by its name.</summary>
/// <param name="Name">Its host name, a DNS label, unique in the job.</param>
/// <param name="Container">Its image and limits. The network in it means nothing: the job's is the service's.</param>
/// <param name="Env">All that its environment has besides the image's and the secrets.</param>
/// <param name="Secrets">Environment from secrets, none of them as a file; masked in logs.</param>
/// <param name="Command">Replaces the image's entry point and arguments; empty for the image's.</param>
/// <param name="Args">Replaces the image's arguments; empty for the image's, where there is no command either.</param>
/// <param name="Ready">Tells when steps may begin; null for as soon as it runs.</param>
[GenerateSerializer, Immutable, Alias("control.service-spec")]
public sealed record ServiceSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] ContainerSpec Container,
    [property: Id(2)] ImmutableArray<EnvVar> Env,
    [property: Id(3)] ImmutableArray<SecretEnv> Secrets,
    [property: Id(4)] ImmutableArray<string> Command,
    [property: Id(5)] ImmutableArray<string> Args,
    [property: Id(6)] ReadySpec? Ready);

/// <summary>A command that is run in a service's container, again and again, until it succeeds.</summary>
/// <param name="Command">Program and arguments, as they are.</param>
/// <param name="TimeoutSeconds">How long that may take.</param>
[GenerateSerializer, Immutable, Alias("control.ready-spec")]
public sealed record ReadySpec([property: Id(0)] ImmutableArray<string> Command, [property: Id(1)] int TimeoutSeconds);
