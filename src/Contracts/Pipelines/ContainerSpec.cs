namespace Control.Contracts.Pipelines;

/// <summary>The container that a job's steps run in. Numbers that are 0 set no limit of Control's own.</summary>
/// <param name="Image">A reference of an image, registry included where it is not the engine's default.</param>
/// <param name="Credentials">Name of a secret of kind password for the registry; null for none.</param>
/// <param name="MilliCpus">Thousandths of a processor.</param>
/// <param name="MemoryBytes">Most memory, swap included.</param>
/// <param name="Pids">Most processes and threads at a time.</param>
/// <param name="Network">What of the network it sees.</param>
/// <param name="Pull">When the image is fetched.</param>
/// <param name="User">Whom the steps run as in it.</param>
[GenerateSerializer, Immutable, Alias("control.container-spec")]
public sealed record ContainerSpec(
    [property: Id(0)] string Image,
    [property: Id(1)] string? Credentials,
    [property: Id(2)] int MilliCpus,
    [property: Id(3)] long MemoryBytes,
    [property: Id(4)] int Pids,
    [property: Id(5)] ContainerNetwork Network,
    [property: Id(6)] ImagePull Pull,
    [property: Id(7)] ContainerUser User = ContainerUser.Job);

/// <summary>What of the network a container sees. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.container-network")]
public enum ContainerNetwork
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>A network of its own with a way out.</summary>
    Own = 1,

    /// <summary>Nothing.</summary>
    None = 2,

    /// <summary>The agent's machine's.</summary>
    Host = 3,
}

/// <summary>Whom a job's steps run as in a container. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.container-user")]
public enum ContainerUser
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>The attempt's own user, without privileges.</summary>
    Job = 1,

    /// <summary>Root in a user namespace of the attempt's own: nobody in particular outside of it.</summary>
    Root = 2,
}

/// <summary>When an image is fetched. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.image-pull")]
public enum ImagePull
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>When the agent does not have it.</summary>
    Missing = 1,

    /// <summary>Every time.</summary>
    Always = 2,

    /// <summary>Never; the agent must have it.</summary>
    Never = 3,
}
