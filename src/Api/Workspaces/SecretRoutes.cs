using System.Text;
using Control.Api.Pipelines;
using Control.Contracts.Pipelines;
using Control.Contracts.Workspaces;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Control.Storage.Secrets;

namespace Control.Api.Workspaces;

/// <summary>A secret's value on its way in; it is sealed before anything else sees it.</summary>
internal sealed record PutSecretRequest(SecretKind? Kind, string? Text, string? User, string? Password) : IRequestBody
{
    public IEnumerable<FieldError> Check() => Kind switch
    {
        null or SecretKind.Invalid => [new FieldError("kind", "Must be text, password or sshKey.")],
        SecretKind.Password =>
            [.. Needed("user", User), .. Needed("password", Password), .. Unneeded("text", Text, "kind password has user and password")],
        _ =>
            [.. Needed("text", Text), .. Unneeded("user", User, "only kind password has it"), .. Unneeded("password", Password, "only kind password has it")],
    };

    /// <summary>The record's own text would show the value.</summary>
    public override string ToString() => nameof(PutSecretRequest);

    private static IEnumerable<FieldError> Needed(string field, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            yield return new FieldError(field, "Must be given.");
        }
    }

    private static IEnumerable<FieldError> Unneeded(string field, string? value, string why)
    {
        if (value is not null)
        {
            yield return new FieldError(field, $"Leave it out: {why}.");
        }
    }
}

/// <summary>Routes of secrets of a workspace and of a pipeline. Values go in and never come out.</summary>
internal static class SecretRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var secrets = api.MapGroup("/workspaces/{ws}/secrets").WithTags("Secrets");
        secrets.MapGet("", List).RequireAuthorization(Policies.Read).Describe("listSecrets", "Lists a workspace's secrets without their values");
        secrets.MapPut("/{secret}", Put).RequireAuthorization(Policies.Write).Takes<PutSecretRequest>()
            .Describe("putSecret", "Sets a secret's value");
        secrets.MapDelete("/{secret}", Delete).RequireAuthorization(Policies.Write).Describe("deleteSecret", "Removes a secret");
        var own = api.MapGroup("/workspaces/{ws}/pipelines/{p}/secrets").WithTags("Secrets");
        own.MapGet("", ListOwn).RequireAuthorization(Policies.Read).Describe("listPipelineSecrets", "Lists a pipeline's own secrets without their values");
        own.MapPut("/{secret}", PutOwn).RequireAuthorization(Policies.Write).Takes<PutSecretRequest>()
            .Describe("putPipelineSecret", "Sets the value of a secret that only one pipeline's jobs see, in place of the workspace's of that name");
        own.MapDelete("/{secret}", DeleteOwn).RequireAuthorization(Policies.Write).Describe("deletePipelineSecret", "Removes a secret of a pipeline");
    }

    private static async Task<Results<Ok<Listing<SecretView>>, ProblemResult>> List(
        string ws, [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<WorkspaceView>(SubjectKinds.Workspace, ws, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Workspace {ws}"));
        }

        var subject = new SubjectKey(SubjectKinds.Workspace, ws);
        return (await subjects.ListChildrenAsync(subject, "secret", query.Cursor, query.Size, ct: cancellationToken)).Show<SecretView>();
    }

    private static async Task<Results<Ok<SecretView>, ProblemResult>> Put(
        string ws, string secret, Body<PutSecretRequest> body, Caller caller, SecretBox box, IGrainFactory grains)
    {
        var command = new PutSecret(SealedSecrets.Seal(box, SecretContext.Of(ws, secret), secret, body.Value), caller.Actor);
        return (await grains.GetGrain<IWorkspaceGrain>(ws).PutSecret(command)).To(view => TypedResults.Ok(view));
    }

    private static async Task<Results<NoContent, ProblemResult>> Delete(string ws, string secret, Caller caller, IGrainFactory grains) =>
        (await grains.GetGrain<IWorkspaceGrain>(ws).DeleteSecret(secret, caller.Actor)).To(_ => TypedResults.NoContent());

    private static async Task<Results<Ok<Listing<SecretView>>, ProblemResult>> ListOwn(
        [AsParameters] PipelineRoute route, [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, route.Key, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));
        }

        var subject = new SubjectKey(SubjectKinds.Pipeline, route.Key);
        return (await subjects.ListChildrenAsync(subject, "secret", query.Cursor, query.Size, ct: cancellationToken)).Show<SecretView>();
    }

    private static async Task<Results<Ok<SecretView>, ProblemResult>> PutOwn(
        [AsParameters] PipelineRoute route, string secret, Body<PutSecretRequest> body, Caller caller, SecretBox box, IGrainFactory grains)
    {
        var command = new PutSecret(SealedSecrets.Seal(box, SecretContext.Of(route.Id, secret), secret, body.Value), caller.Actor);
        return (await grains.GetGrain<IPipelineGrain>(route.Key).PutSecret(command)).To(view => TypedResults.Ok(view));
    }

    private static async Task<Results<NoContent, ProblemResult>> DeleteOwn(
        [AsParameters] PipelineRoute route, string secret, Caller caller, IGrainFactory grains) =>
        (await grains.GetGrain<IPipelineGrain>(route.Key).DeleteSecret(secret, caller.Actor)).To(_ => TypedResults.NoContent());
}

/// <summary>Seals and opens secrets' values. The place a value is sealed for is part of the seal, so it opens nowhere else.</summary>
internal static class SealedSecrets
{
    /// <exception cref="ControlException">The value is too large.</exception>
    public static SealedSecret Seal(SecretBox box, string context, string name, PutSecretRequest request)
    {
        var value = new SecretValue(request.Text, request.User, request.Password);
        var plain = Encoding.UTF8.GetBytes(ContractJson.Write(value));
        if (plain.Length > SecretBox.MaxPlain)
        {
            throw Outcomes.BadRequest(new FieldError(request.Text is null ? "password" : "text", $"Must have less than {SecretBox.MaxPlain} bytes, as JSON has them."));
        }

        return new SealedSecret(name, request.Kind!.Value, box.Seal(plain, context));
    }

    /// <exception cref="ControlException">The key is gone, or the value was sealed for another place.</exception>
    public static SecretValue Open(SecretBox box, string context, SealedSecret secret) =>
        ContractJson.Read<SecretValue>(Encoding.UTF8.GetString(box.Open(secret.Sealed, context)));
}
