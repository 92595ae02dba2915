using System.Collections.Immutable;
using Control.Contracts.Retention;

namespace Control.Contracts.Workspaces;

/// <summary>A workspace as shown: the unit of tenancy that owns pipelines and secrets.</summary>
/// <param name="Name">Its name and key.</param>
/// <param name="Description">Free text, up to 1,000 characters.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="Version">Counts changes; the ETag.</param>
/// <param name="Limits">What it may use; null for no limits but the installation's.</param>
/// <param name="Hold">Why no job of it is given to an agent; null when they are.</param>
/// <param name="Retention">Which ended runs of pipelines without a policy of their own are deleted; null for none.</param>
[GenerateSerializer, Immutable, Alias("control.workspace-view")]
public sealed record WorkspaceView(
    [property: Id(0)] string Name,
    [property: Id(1)] string Description,
    [property: Id(2)] DateTimeOffset CreatedAt,
    [property: Id(3)] Actor CreatedBy,
    [property: Id(4)] long Version,
    [property: Id(5)] WorkspaceLimits? Limits = null,
    [property: Id(6)] Hold? Hold = null,
    [property: Id(7)] RetentionPolicy? Retention = null);

/// <summary>A secret as shown: never its value.</summary>
/// <param name="Name">Its name within the workspace.</param>
/// <param name="Kind">What shape the value has.</param>
/// <param name="UpdatedAt">When the value was last set.</param>
/// <param name="UpdatedBy">Who set it.</param>
[GenerateSerializer, Immutable, Alias("control.secret-view")]
public sealed record SecretView(
    [property: Id(0)] string Name,
    [property: Id(1)] SecretKind Kind,
    [property: Id(2)] DateTimeOffset UpdatedAt,
    [property: Id(3)] Actor UpdatedBy);

/// <summary>What shape a secret's value has. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.secret-kind")]
public enum SecretKind
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>One opaque text.</summary>
    Text = 1,

    /// <summary>User name and password, for Git over HTTP and registries.</summary>
    Password = 2,

    /// <summary>A private key in PEM or OpenSSH form, for Git over SSH.</summary>
    SshKey = 3,
}

/// <summary>A secret's value encrypted by the gateway (AES-GCM); only gateways and the store's key open it.</summary>
/// <param name="Name">The secret's name.</param>
/// <param name="Kind">What shape the value has.</param>
/// <param name="Sealed">Key id, nonce, tag and ciphertext.</param>
[GenerateSerializer, Immutable, Alias("control.sealed-secret")]
public sealed record SealedSecret(
    [property: Id(0)] string Name,
    [property: Id(1)] SecretKind Kind,
    [property: Id(2)] ImmutableArray<byte> Sealed);

/// <summary>The plain form of a secret's value; exists only where it is used: in the gateway, in the lookup of a source, and on the agent.</summary>
/// <param name="Text">The value of a <see cref="SecretKind.Text"/> secret or of an SSH key.</param>
/// <param name="User">The user name of a password.</param>
/// <param name="Password">The password.</param>
public sealed record SecretValue(string? Text = null, string? User = null, string? Password = null)
{
    /// <summary>The record's own text would show the value.</summary>
    public override string ToString() => nameof(SecretValue);
}

/// <summary>What a secret is sealed for, so that a row moved elsewhere does not open.</summary>
public static class SecretContext
{
    /// <summary>The context of a workspace's secret.</summary>
    public static string Of(string workspace, string secret) => $"{workspace}/{secret}";

    /// <summary>The context of a pipeline's secret.</summary>
    public static string Of(PipelineId pipeline, string secret) => $"{pipeline}/{secret}";
}

/// <summary>Asks for a workspace.</summary>
[GenerateSerializer, Immutable, Alias("control.create-workspace")]
public sealed record CreateWorkspace([property: Id(0)] string Description, [property: Id(1)] Actor By);

/// <summary>Changes a workspace.</summary>
[GenerateSerializer, Immutable, Alias("control.update-workspace")]
public sealed record UpdateWorkspace(
    [property: Id(0)] string Description,
    [property: Id(1)] long? ExpectedVersion,
    [property: Id(2)] Actor By);

/// <summary>Sets a secret's value, already sealed.</summary>
[GenerateSerializer, Immutable, Alias("control.put-secret")]
public sealed record PutSecret([property: Id(0)] SealedSecret Secret, [property: Id(1)] Actor By);

/// <summary>A workspace; its key is the workspace's name.</summary>
[Alias("control.IWorkspaceGrain")]
public interface IWorkspaceGrain : IGrainWithStringKey
{
    /// <summary>Makes the workspace; a conflict when it is there already.</summary>
    [Alias("Create")]
    Task<Outcome<WorkspaceView>> Create(CreateWorkspace command);

    /// <summary>Changes its description.</summary>
    [Alias("Update")]
    Task<Outcome<WorkspaceView>> Update(UpdateWorkspace command);

    /// <summary>Sets all its limits.</summary>
    [Alias("SetLimits")]
    Task<Outcome<WorkspaceView>> SetLimits(SetLimits command);

    /// <summary>Its limits; none for a workspace that has none or is not there.</summary>
    [Alias("GetLimits"), SafeToRetry, Orleans.Concurrency.AlwaysInterleave]
    Task<WorkspaceLimits> GetLimits();

    /// <summary>Sets the retention policy of its pipelines that have none of their own.</summary>
    [Alias("SetRetention")]
    Task<Outcome<WorkspaceView>> SetRetention(SetRetention command);

    /// <summary>That policy; null for none, and for a workspace that is not there.</summary>
    [Alias("GetRetention"), SafeToRetry, Orleans.Concurrency.AlwaysInterleave]
    Task<RetentionPolicy?> GetRetention();

    /// <summary>Gives none of its jobs to an agent any more, or again; what runs goes on.</summary>
    [Alias("Hold")]
    Task<Outcome<WorkspaceView>> Hold(SetHold command);

    /// <summary>Deletes it with its secrets; refused while it has pipelines.</summary>
    [Alias("Delete")]
    Task<Outcome<Done>> Delete(Actor by);

    /// <summary>Sets a secret; limit 200 secrets of 64 KiB per workspace.</summary>
    [Alias("PutSecret")]
    Task<Outcome<SecretView>> PutSecret(PutSecret command);

    /// <summary>Removes a secret. Runs that name it fail with the reason from then on.</summary>
    [Alias("DeleteSecret")]
    Task<Outcome<Done>> DeleteSecret(string name, Actor by);

    /// <summary>The sealed values of the named secrets; those that do not exist are left out.</summary>
    [Alias("GetSecrets")]
    Task<ImmutableArray<SealedSecret>> GetSecrets(ImmutableArray<string> names);

    /// <summary>Registers a pipeline, so that deletion of the workspace can be refused; refused when there is no such workspace.</summary>
    [Alias("AddPipeline")]
    Task<Outcome<Done>> AddPipeline(string pipeline);

    /// <summary>Forgets a deleted pipeline.</summary>
    [Alias("RemovePipeline")]
    Task<Outcome<Done>> RemovePipeline(string pipeline);
}
